// Usage objects as providers send them and clients store them, into disjoint meters.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <string>
#include <string_view>

#include "metering/metering.h"

namespace {

// What is read, in words: "input=86 cache_read=1920 output=180; audio_input=5; tier=flex region=us 0.5
// USD", each if there is any; or the status and the key it names.
std::string Describe(const TmUsage& usage) {
  const TmMeters& meters = usage.meters;
  const std::pair<const char*, int64_t> tokens[] = {{"input", meters.input},
                                                    {"cache_read", meters.cache_read},
                                                    {"cache_write", meters.cache_write},
                                                    {"cache_write_1h", meters.cache_write_1h},
                                                    {"output", meters.output},
                                                    {"reasoning", meters.reasoning}};
  std::string text;
  const auto add = [&text](const std::string& word) { text += (text.empty() ? "" : " ") + word; };
  for (const auto& [name, count] : tokens) {
    if (count != TM_NOT_REPORTED) add(std::string(name) + "=" + std::to_string(count));
  }
  for (size_t i = 0; i < usage.quantity_count; ++i) {
    add(std::string(usage.quantities[i].meter) + "=" + usage.quantities[i].amount);
  }
  if (*usage.service_tier != '\0') add(std::string("tier=") + usage.service_tier);
  if (*usage.region != '\0') add(std::string("region=") + usage.region);
  if (*usage.cost != '\0') add(std::string(usage.cost) + " " + usage.currency);
  return text;
}

std::string Read(std::string_view json) {
  TmUsage usage{};
  const char* key = nullptr;
  const TmUsageStatus status = tm_usage_read(json.data(), json.size(), &usage, &key);
  const std::string of_key = key == nullptr ? "" : std::string(": ") + key;
  switch (status) {
    case TM_USAGE_OK:
      return Describe(usage) + of_key;
    case TM_USAGE_NOT_JSON:
      return "not JSON" + of_key;
    case TM_USAGE_UNKNOWN_SHAPE:
      return "unknown shape" + of_key;
    case TM_USAGE_NOT_A_COUNT:
      return "not a count" + of_key;
    case TM_USAGE_NOT_A_NUMBER:
      return "not a number" + of_key;
    case TM_USAGE_CONTRADICTION:
      return "contradiction" + of_key;
    case TM_USAGE_INTERNAL:
      return "internal" + of_key;
  }
  return "no status";
}

struct Case {
  const char* name;
  const char* json;
  const char* meters;
};

// Each with the document that the numbers or at least the names are from.
const Case kCases[] = {
    // OpenAI: platform.openai.com/docs/api-reference/chat/object, .../embeddings, .../responses/object,
    // .../images/object, .../audio/json-object, /docs/guides/realtime-costs
    {"OpenAiChat",
     R"({"prompt_tokens": 2006, "completion_tokens": 300, "total_tokens": 2306,
         "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
         "completion_tokens_details": {"reasoning_tokens": 120, "audio_tokens": 0,
           "accepted_prediction_tokens": 20, "rejected_prediction_tokens": 10}})",
     "input=86 cache_read=1920 output=180 reasoning=120"},
    {"OpenAiChatAudio",
     R"({"prompt_tokens": 150, "completion_tokens": 100, "total_tokens": 250,
         "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 30, "image_tokens": 20},
         "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 70}})",
     "input=100 cache_read=0 output=30 reasoning=0 audio_input=30 image_input=20 audio_output=70"},
    {"OpenAiChatCacheWrites",
     R"({"prompt_tokens": 3000, "prompt_tokens_details": {"cached_tokens": 1000, "cache_write_tokens": 800},
         "completion_tokens": 50, "total_tokens": 3050})",
     "input=1200 cache_read=1000 cache_write=800 output=50"},
    {"OpenAiEmbedding", R"({"prompt_tokens": 8, "total_tokens": 8})", "input=8"},
    {"OpenAiResponses",
     R"({"input_tokens": 36, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 87,
         "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 123})",
     "input=36 cache_read=0 output=87 reasoning=0"},
    {"OpenAiResponseWhole",
     R"({"id": "resp_1", "object": "response", "service_tier": "flex", "output": [{"content": "text"}],
         "usage": {"input_tokens": 36, "output_tokens": 87, "total_tokens": 123}})",
     "input=36 output=87 tier=flex"},
    {"OpenAiResponseCompletedEvent",
     R"({"type": "response.completed", "response": {"service_tier": "default",
         "usage": {"input_tokens": 37, "output_tokens": 11, "total_tokens": 48,
                   "output_tokens_details": {"reasoning_tokens": 4}}}})",
     "input=37 output=7 reasoning=4 tier=default"},
    {"OpenAiRealtime",
     R"({"total_tokens": 253, "input_tokens": 132, "output_tokens": 121,
         "input_token_details": {"text_tokens": 119, "audio_tokens": 13, "image_tokens": 0, "cached_tokens": 64,
           "cached_tokens_details": {"text_tokens": 64, "audio_tokens": 0, "image_tokens": 0}},
         "output_token_details": {"text_tokens": 30, "audio_tokens": 91}})",
     "input=55 cache_read=64 output=30 audio_input=13 audio_output=91"},
    {"OpenAiRealtimeCachedAudio",
     R"({"total_tokens": 100, "input_tokens": 80, "output_tokens": 20,
         "input_token_details": {"text_tokens": 10, "audio_tokens": 60, "image_tokens": 10, "cached_tokens": 40,
           "cached_tokens_details": {"text_tokens": 5, "audio_tokens": 35, "image_tokens": 0}},
         "output_token_details": {"text_tokens": 2, "audio_tokens": 18}})",
     "input=5 cache_read=5 output=2 audio_input=25 image_input=10 audio_cache_read=35 audio_output=18"},
    {"OpenAiImage",
     R"({"total_tokens": 100, "input_tokens": 50, "output_tokens": 50,
         "input_tokens_details": {"text_tokens": 10, "image_tokens": 40}})",
     "input=10 image_input=40 image_output=50"},
    {"OpenAiImageWithOutputDetails",
     R"({"total_tokens": 120, "input_tokens": 50, "output_tokens": 70,
         "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
         "output_tokens_details": {"text_tokens": 20, "image_tokens": 50}})",
     "input=10 output=20 image_input=40 image_output=50"},
    {"OpenAiTranscriptionTokens",
     R"({"type": "tokens", "input_tokens": 14, "input_token_details": {"text_tokens": 0, "audio_tokens": 14},
         "output_tokens": 45, "total_tokens": 59})",
     "input=0 output=45 audio_input=14"},
    {"OpenAiTranscriptionDuration", R"({"type": "duration", "seconds": 9.5})", "input_second=9.5"},
    {"OpenAiTranscriptionWhole", R"({"text": "Hello", "usage": {"type": "duration", "seconds": 9}})",
     "input_second=9"},
    {"OpenAiBatch",
     R"({"custom_id": "1", "response": {"status_code": 200, "body": {"usage": {"prompt_tokens": 24,
         "completion_tokens": 15, "total_tokens": 39}}}})",
     "input=24 output=15"},
    // Codex: the usage of its token_count events, github.com/langfuse/codex-observability-plugin/issues/22;
    // of its app server, with the names of the AI SDK
    {"Codex",
     R"({"input_tokens": 117231, "cached_input_tokens": 115584, "output_tokens": 225,
         "reasoning_output_tokens": 25, "total_tokens": 117456})",
     "input=1647 cache_read=115584 output=200 reasoning=25"},
    {"CodexAppServer",
     R"({"inputTokens": 5001, "outputTokens": 902, "cachedInputTokens": 3000, "cacheWriteInputTokens": 700,
         "reasoningOutputTokens": 211, "totalTokens": 5903})",
     "input=1301 cache_read=3000 cache_write=700 output=691 reasoning=211"},

    // Anthropic: platform.claude.com/docs/en/api/messages, .../build-with-claude/prompt-caching,
    // .../streaming,
    // .../compaction, .../fast-mode
    {"Anthropic",
     R"({"input_tokens": 2048, "cache_read_input_tokens": 1800, "cache_creation_input_tokens": 248,
         "cache_creation": {"ephemeral_5m_input_tokens": 148, "ephemeral_1h_input_tokens": 100},
         "output_tokens": 503, "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 1},
         "service_tier": "priority", "inference_geo": "us"})",
     "input=2048 cache_read=1800 cache_write=148 cache_write_1h=100 output=503 web_search=2 tier=priority "
     "region=us"},
    {"AnthropicWithoutBreakdown",
     R"({"input_tokens": 3, "cache_creation": {}, "cache_creation_input_tokens": 500, "output_tokens": 1})",
     "input=3 cache_write=500 output=1"},
    // github.com/anthropics/anthropic-sdk-java/issues/353
    {"AnthropicBreakdownOfZeros",
     R"({"input_tokens": 3, "cache_creation_input_tokens": 500, "output_tokens": 1,
         "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}})",
     "input=3 cache_write=500 cache_write_1h=0 output=1"},
    {"AnthropicThinking",
     R"({"input_tokens": 46, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
         "output_tokens": 26153, "output_tokens_details": {"thinking_tokens": 18570},
         "inference_geo": "not_available", "service_tier": "standard", "speed": "fast"})",
     "input=46 cache_read=0 cache_write=0 output=7583 reasoning=18570 tier=fast"},
    {"AnthropicCompaction",
     R"({"input_tokens": 23000, "output_tokens": 1000, "iterations": [
         {"type": "compaction", "input_tokens": 180000, "output_tokens": 3500},
         {"type": "message", "input_tokens": 23000, "output_tokens": 1000}]})",
     "input=203000 output=4500"},
    {"AnthropicMessage",
     R"({"id": "msg_1", "type": "message", "role": "assistant", "content": [{"type": "text", "text": "Hi"}],
         "usage": {"input_tokens": 2095, "output_tokens": 503, "cache_read_input_tokens": null}})",
     "input=2095 output=503"},
    {"AnthropicMessageStart",
     R"({"type": "message_start", "message": {"usage": {"input_tokens": 25, "output_tokens": 1}}})",
     "input=25 output=1"},
    {"AnthropicStreamMerged",
     R"({"type": "message_delta", "message": {"usage": {"input_tokens": 25, "cache_read_input_tokens": 7,
           "output_tokens": 1}}, "usage": {"output_tokens": 15}})",
     "input=25 cache_read=7 output=15"},
    {"AnthropicStreamPair",
     R"({"message_start": {"message": {"usage": {"input_tokens": 472, "output_tokens": 2}}},
         "message_delta": {"usage": {"input_tokens": 10682, "cache_read_input_tokens": 0, "output_tokens": 510,
           "server_tool_use": {"web_search_requests": 1}}}})",
     "input=10682 cache_read=0 output=510 web_search=1"},
    {"AnthropicBatch",
     R"({"custom_id": "1", "result": {"type": "succeeded", "message": {"id": "msg_1",
         "usage": {"input_tokens": 10, "output_tokens": 36, "service_tier": "batch"}}}})",
     "input=10 output=36 tier=batch"},
    {"AnthropicUsageReport",
     R"({"uncached_input_tokens": 1500, "cache_read_input_tokens": 200, "output_tokens": 500,
         "cache_creation": {"ephemeral_1h_input_tokens": 1000, "ephemeral_5m_input_tokens": 50},
         "server_tool_use": {"web_search_requests": 10}, "service_tier": "batch"})",
     "input=1500 cache_read=200 cache_write=50 cache_write_1h=1000 output=500 web_search=10 tier=batch"},

    // AWS: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html,
    // .../CacheDetail.html
    {"BedrockConverse", R"({"inputTokens": 4, "outputTokens": 38, "totalTokens": 42})",
     "input=4 output=38"},
    {"BedrockConverseCache",
     R"({"inputTokens": 100, "outputTokens": 20, "totalTokens": 670, "cacheReadInputTokens": 500,
         "cacheWriteInputTokens": 50, "cacheDetails": [{"ttl": "1h", "inputTokens": 30},
         {"ttl": "5m", "inputTokens": 20}]})",
     "input=100 cache_read=500 cache_write=20 cache_write_1h=30 output=20"},
    {"BedrockConverseStream",
     R"({"metadata": {"usage": {"inputTokens": 47, "outputTokens": 20, "totalTokens": 67},
         "metrics": {"latencyMs": 100}}})",
     "input=47 output=20"},
    {"BedrockInvokeModel",
     R"({"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 8,
         "outputTokenCount": 12, "cacheReadInputTokenCount": 0, "cacheWriteInputTokenCount": 5}})",
     "input=8 cache_read=0 cache_write=5 output=12"},
    {"ClaudeAgentModelUsage",
     R"({"inputTokens": 10, "outputTokens": 20, "cacheReadInputTokens": 30, "cacheCreationInputTokens": 40,
         "webSearchRequests": 1, "costUSD": 0.5})",
     "input=10 cache_read=30 cache_write=40 output=20 web_search=1"},

    // Google: ai.google.dev/api/generate-content#UsageMetadata; of the total, cloud.google.com's
    // aiplatform_v1beta1.types.UsageMetadata; googleapis.github.io/js-genai for the live API
    {"Gemini",
     R"({"promptTokenCount": 1000, "cachedContentTokenCount": 200, "candidatesTokenCount": 50,
         "thoughtsTokenCount": 30, "toolUsePromptTokenCount": 7, "totalTokenCount": 1087,
         "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 300}, {"modality": "IMAGE", "tokenCount": 258},
           {"modality": "AUDIO", "tokenCount": 342}, {"modality": "VIDEO", "tokenCount": 100}],
         "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 100}, {"modality": "AUDIO", "tokenCount": 100}],
         "candidatesTokensDetails": [{"modality": "TEXT", "tokenCount": 50}], "trafficType": "ON_DEMAND"})",
     "input=207 cache_read=100 output=50 reasoning=30 audio_input=242 image_input=258 video_input=100 "
     "audio_cache_read=100 tier=standard"},
    {"GeminiWhole",
     R"({"candidates": [{"content": {"parts": [{"text": "Hi"}]}}],
         "usageMetadata": {"promptTokenCount": 21, "thoughtsTokenCount": 60, "totalTokenCount": 81}})",
     "input=21 reasoning=60"},
    {"GeminiPython",
     R"({"prompt_token_count": 20, "candidates_token_count": 198, "thoughts_token_count": 405,
         "total_token_count": 623, "prompt_tokens_details": [{"modality": "TEXT", "token_count": 20}],
         "cached_content_token_count": null, "traffic_type": "ON_DEMAND_PRIORITY"})",
     "input=20 output=198 reasoning=405 tier=priority"},
    {"GeminiImageOutput",
     R"({"promptTokenCount": 9, "candidatesTokenCount": 1300, "totalTokenCount": 1309,
         "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}]})",
     "input=9 output=10 image_output=1290"},
    {"GeminiLive",
     R"({"usageMetadata": {"promptTokenCount": 40, "responseTokenCount": 100, "totalTokenCount": 140,
         "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 32}, {"modality": "TEXT", "tokenCount": 8}],
         "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 100}]}})",
     "input=8 output=0 audio_input=32 audio_output=100"},
    // A cached video without cacheTokensDetails: as much of it as must be was cached.
    {"GeminiCachedVideo",
     R"({"promptTokenCount": 1000, "cachedContentTokenCount": 950, "candidatesTokenCount": 5,
         "totalTokenCount": 1005, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 100},
         {"modality": "VIDEO", "tokenCount": 900}]})",
     "input=0 cache_read=950 output=5 video_input=50"},
    // github.com/simonw/llm-gemini/issues/75: thoughts within the candidates, as the total tells
    {"GeminiThoughtsWithinCandidates",
     R"({"promptTokenCount": 10, "candidatesTokenCount": 50, "thoughtsTokenCount": 30, "totalTokenCount": 60})",
     "input=10 output=20 reasoning=30"},
    // ai.google.dev/gemini-api/docs/interactions
    {"GeminiInteraction",
     R"({"total_input_tokens": 9, "total_output_tokens": 779, "total_thought_tokens": 912, "total_tokens": 1700,
         "total_cached_tokens": 0, "total_tool_use_tokens": 0,
         "input_tokens_by_modality": [{"modality": "text", "tokens": 9}]})",
     "input=9 cache_read=0 output=779 reasoning=912"},

    // docs.ollama.com/api/generate; llama.cpp's server README, timings
    {"Ollama",
     R"({"model": "llama3.2", "message": {"role": "assistant", "content": "Hello"}, "done": true,
         "total_duration": 5191566416, "prompt_eval_count": 26, "eval_count": 298})",
     "input=26 output=298"},
    {"LlamaCpp", R"({"cache_n": 311, "prompt_n": 1, "prompt_ms": 109.252, "predicted_n": 8})",
     "input=1 cache_read=311 output=8"},
    {"LlamaCppChat",
     R"({"usage": {"prompt_tokens": 26, "completion_tokens": 41}, "timings": {"prompt_n": 3, "cache_n": 23}})",
     "input=26 output=41"},

    // openrouter.ai/docs/use-cases/usage-accounting, /docs/api-reference/get-a-generation
    {"OpenRouter",
     R"({"prompt_tokens": 194, "completion_tokens": 2, "total_tokens": 196, "cost": 0.95, "is_byok": false,
         "cost_details": {"upstream_inference_cost": 19}, "completion_tokens_details": {"reasoning_tokens": 0},
         "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 100, "audio_tokens": 0}})",
     "input=94 cache_read=0 cache_write=100 output=2 reasoning=0 0.95 USD"},
    {"OpenRouterGeneration",
     R"({"data": {"id": "gen-1", "native_tokens_prompt": 10, "native_tokens_completion": 25,
         "native_tokens_reasoning": 5, "native_tokens_cached": 3, "native_tokens_completion_images": 0,
         "tokens_prompt": 9, "tokens_completion": 24, "total_cost": 0.0015, "usage": 0.0015,
         "service_tier": "priority"}})",
     "input=7 cache_read=3 output=20 reasoning=5 tier=priority 0.0015 USD"},
    {"OpenRouterRerank", R"({"cost": 0.002, "search_units": 1, "total_tokens": 12})", "query=1 0.002 USD"},

    // api-docs.deepseek.com; docs.mistral.ai/api; docs.x.ai; console.groq.com/docs; docs.perplexity.ai;
    // docs.cohere.com/reference; platform.moonshot.ai; help.aliyun.com/model-studio (Qwen)
    {"DeepSeek",
     R"({"prompt_tokens": 100, "completion_tokens": 60, "total_tokens": 160, "prompt_cache_hit_tokens": 64,
         "prompt_cache_miss_tokens": 36, "prompt_tokens_details": {"cached_tokens": 64},
         "completion_tokens_details": {"reasoning_tokens": 40}})",
     "input=36 cache_read=64 output=20 reasoning=40"},
    {"Mistral",
     R"({"prompt_tokens": 8, "completion_tokens": 4, "total_tokens": 12, "prompt_audio_seconds": 3,
         "num_cached_tokens": 0})",
     "input=8 cache_read=0 output=4 audio_input_second=3"},
    {"MistralUnsetSeconds",
     R"({"prompt_tokens": 8, "completion_tokens": 4, "total_tokens": 12, "prompt_audio_seconds": {}})",
     "input=8 output=4"},
    // github.com/vercel/ai/pull/9774
    {"Xai",
     R"({"prompt_tokens": 2640, "completion_tokens": 182, "total_tokens": 3494,
         "prompt_tokens_details": {"text_tokens": 2640, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 473},
         "completion_tokens_details": {"reasoning_tokens": 672, "audio_tokens": 0,
           "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}, "num_sources_used": 3})",
     "input=2167 cache_read=473 output=182 reasoning=672 search_source=3"},
    {"XaiResponses",
     R"({"input_tokens": 9212, "input_tokens_details": {"cached_tokens": 3072}, "output_tokens": 3417,
         "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 12629, "num_sources_used": 0,
         "num_server_side_tools_used": 3, "cost_in_usd_ticks": 318319000,
         "server_side_tool_usage_details": {"web_search_calls": 1, "x_search_calls": 2, "mcp_calls": 0},
         "context_details": {"input_tokens": 7622, "output_tokens": 3219}})",
     "input=6140 cache_read=3072 output=3417 reasoning=0 web_search=1 x_search_call=2 0.0318319000 USD"},
    {"Groq",
     R"({"x_groq": {"id": "req", "usage": {"queue_time": 0.03, "prompt_tokens": 18, "prompt_time": 0.0001,
         "completion_tokens": 556, "completion_time": 0.46, "total_tokens": 574, "total_time": 0.46}}})",
     "input=18 output=556"},
    {"PerplexityDeepResearch",
     R"({"prompt_tokens": 33, "completion_tokens": 7163, "total_tokens": 7196, "citation_tokens": 20016,
         "num_search_queries": 18, "reasoning_tokens": 73997,
         "cost": {"input_tokens_cost": 0.1, "total_cost": 0.47}})",
     "input=33 output=7163 reasoning=73997 web_search=18 citation=20016 0.47 USD"},
    {"PerplexitySonar",
     R"({"prompt_tokens": 14, "completion_tokens": 9, "total_tokens": 23, "search_context_size": "low"})",
     "input=14 output=9 web_search_low=1"},
    {"Cohere",
     R"({"usage": {"billed_units": {"input_tokens": 5.0, "output_tokens": 418},
         "tokens": {"input_tokens": 71, "output_tokens": 418}, "cached_tokens": 64}})",
     "input=5 output=418"},
    {"CohereRerank", R"({"meta": {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}}})",
     "query=1"},
    {"CohereImages", R"({"billed_units": {"images": 3}})", "input_image_count=3"},
    {"Moonshot",
     R"({"prompt_tokens": 19, "completion_tokens": 13, "total_tokens": 32, "cached_tokens": 12})",
     "input=7 cache_read=12 output=13"},
    {"Qwen",
     R"({"prompt_tokens": 3019, "completion_tokens": 104, "total_tokens": 3123, "prompt_tokens_details":
         {"cached_tokens": 2048, "cache_creation_input_tokens": 500,
          "cache_creation": {"ephemeral_5m_input_tokens": 500}, "cache_type": "ephemeral"}})",
     "input=471 cache_read=2048 cache_write=500 output=104"},
    {"DeepInfra", R"({"prompt_tokens": 15, "total_tokens": 31, "completion_tokens": 16,
         "estimated_cost": 0.0000268})",
     "input=15 output=16 0.0000268 USD"},

    // ai-sdk.dev: the usage of generateText in versions 4, 5 and 6, of LanguageModelV3,
    // github.com/vercel/ai
    {"AiSdk4", R"({"promptTokens": 787, "completionTokens": 60, "totalTokens": 847})",
     "input=787 output=60"},
    {"AiSdk5",
     R"({"inputTokens": 1815, "outputTokens": 104, "totalTokens": 1919, "reasoningTokens": 64,
         "cachedInputTokens": 1024})",
     "input=791 cache_read=1024 output=40 reasoning=64"},
    {"AiSdk5Xai",
     R"({"inputTokens": 555, "outputTokens": 190, "totalTokens": 1802, "reasoningTokens": 1057,
         "cachedInputTokens": 316})",
     "input=239 cache_read=316 output=190 reasoning=1057"},
    {"AiSdk5Anthropic",
     R"({"inputTokens": 7, "outputTokens": 100, "totalTokens": 107, "cachedInputTokens": 10000})",
     "input=7 cache_read=10000 output=100"},
    {"AiSdk6",
     R"({"inputTokens": 100, "inputTokenDetails": {"noCacheTokens": 75, "cacheReadTokens": 20,
         "cacheWriteTokens": 5}, "outputTokens": 100, "outputTokenDetails": {"textTokens": 60,
         "reasoningTokens": 40}, "totalTokens": 200, "reasoningTokens": 40, "cachedInputTokens": 20,
         "raw": {"input_tokens": 75}})",
     "input=75 cache_read=20 cache_write=5 output=60 reasoning=40"},
    {"AiSdkProvider3",
     R"({"inputTokens": {"total": 100, "noCache": 70, "cacheRead": 30}, "raw": {},
         "outputTokens": {"total": 50, "text": 40, "reasoning": 10}})",
     "input=70 cache_read=30 output=40 reasoning=10"},

    // reference.langchain.com: UsageMetadata, InputTokenDetails; _create_usage_metadata of langchain-openai
    // and langchain-anthropic
    {"LangChain",
     R"({"input_tokens": 350, "output_tokens": 240, "total_tokens": 590,
         "input_token_details": {"audio": 10, "cache_creation": 200, "cache_read": 100},
         "output_token_details": {"audio": 10, "reasoning": 200}})",
     "input=40 cache_read=100 cache_write=200 output=30 reasoning=200 audio_input=10 audio_output=10"},
    {"LangChainAnthropic",
     R"({"input_tokens": 350, "output_tokens": 24, "total_tokens": 374, "input_token_details":
         {"cache_read": 100, "cache_creation": 0, "ephemeral_5m_input_tokens": 150,
          "ephemeral_1h_input_tokens": 50}})",
     "input=50 cache_read=100 cache_write=150 cache_write_1h=50 output=24"},
    {"LangChainPriority",
     R"({"input_tokens": 1000, "output_tokens": 200, "total_tokens": 1200,
         "input_token_details": {"audio": null, "priority_cache_read": 300, "priority": 700},
         "output_token_details": {"audio": null, "priority_reasoning": 50, "priority": 150}})",
     "input=700 cache_read=300 output=150 reasoning=50 tier=priority"},
    {"LangChainMessage",
     R"({"type": "ai", "content": "Hi", "tool_calls": [], "usage_metadata": {"input_tokens": 9,
         "output_tokens": 4, "total_tokens": 13, "input_token_details": {"cache_read": 2}},
         "response_metadata": {"model_name": "gpt-4o", "service_tier": "default",
         "tokenUsage": {"promptTokens": 9, "completionTokens": 4, "totalTokens": 13}}})",
     "input=7 cache_read=2 output=4 tier=default"},
    {"LangChainPythonMessage",
     R"({"type": "ai", "data": {"content": "Hi", "usage_metadata": {"input_tokens": 9, "output_tokens": 4,
         "total_tokens": 13}}})",
     "input=9 output=4"},
    {"LangChainTokenUsage",
     R"({"response_metadata": {"token_usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13},
         "service_tier": "flex"}})",
     "input=9 output=4 tier=flex"},

    // LobeChat: packages/types/src/message/common/metadata.ts; usage column, nested and flat metadata
    {"LobeChat",
     R"({"inputCacheMissTokens": 6, "inputCachedTokens": 16204, "inputWriteCacheTokens": 13964,
         "totalInputTokens": 30174, "totalOutputTokens": 265, "totalTokens": 30439, "cost": 0.12})",
     "input=6 cache_read=16204 cache_write=13964 output=265"},
    {"LobeChatMetadata",
     R"({"metadata": {"usage": {"totalInputTokens": 100, "totalOutputTokens": 100, "totalTokens": 200,
         "inputTextTokens": 100, "inputCachedTokens": 20, "inputCacheMissTokens": 80, "outputReasoningTokens": 40,
         "outputTextTokens": 60}, "performance": {"tps": 20}}})",
     "input=80 cache_read=20 output=60 reasoning=40"},
    {"LobeChatFlatMetadata",
     R"({"totalInputTokens": 120, "totalOutputTokens": 30, "totalTokens": 150, "inputAudioTokens": 20,
         "outputAudioTokens": 10, "inputCacheMissTokens": 0, "tps": 40.5, "operationId": "op_1"})",
     "input=100 output=20 audio_input=20 audio_output=10"},
    {"LobeChatOne",
     R"({"inputTokens": 120, "outputTokens": 30, "totalTokens": 150, "cachedTokens": 20, "reasoningTokens": 5})",
     "input=100 cache_read=20 output=25 reasoning=5"},
    {"LobeChatCitations",
     R"({"totalInputTokens": 64, "inputCitationTokens": 50, "totalOutputTokens": 20, "totalTokens": 84})",
     "input=14 output=20 citation=50"},
    {"LobeChatGeminiTools",
     R"({"totalInputTokens": 107, "inputToolTokens": 7, "totalOutputTokens": 80, "outputReasoningTokens": 30,
         "totalTokens": 187})",
     "input=107 output=50 reasoning=30"},

    // LiteLLM's normalised usage of Anthropic: github.com/BerriAI/litellm/issues/11364
    {"LiteLlm",
     R"({"usage_object": {"total_tokens": 103925, "prompt_tokens": 98805, "completion_tokens": 5120,
         "prompt_tokens_details": {"text_tokens": null, "audio_tokens": null, "image_tokens": null,
           "cached_tokens": 66360, "cache_creation_tokens": 32435},
         "cache_read_input_tokens": 66360, "cache_creation_input_tokens": 32435,
         "completion_tokens_details": {"text_tokens": null, "reasoning_tokens": 1710}}})",
     "input=10 cache_read=66360 cache_write=32435 output=3410 reasoning=1710"},
    {"LiteLlmCacheCreationDetails",
     R"({"total_tokens": 1100, "prompt_tokens": 1000, "completion_tokens": 100, "inference_geo": "global",
         "prompt_tokens_details": {"cached_tokens": 0, "cache_creation_tokens": 900,
           "cache_creation_token_details": {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 600}}})",
     "input=100 cache_read=0 cache_write=300 cache_write_1h=600 output=100 region=global"},
    // Before that, Anthropic's own numbers by OpenAI's names.
    {"LiteLlmOld",
     R"({"prompt_tokens": 3, "completion_tokens": 550, "total_tokens": 553,
         "cache_creation_input_tokens": 12304, "cache_read_input_tokens": 0})",
     "input=3 cache_read=0 cache_write=12304 output=550"},

    // langfuse.com/docs/observability/features/token-and-cost-tracking: usage types do not overlap
    {"Langfuse",
     R"({"input": 86, "input_cached_tokens": 17817, "output": 40, "output_reasoning_tokens": 60, "total": 18003})",
     "input=86 cache_read=17817 output=40 reasoning=60"},
    {"LangfuseAnthropic",
     R"({"usage_details": {"input": 10, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 30,
         "output": 40}})",
     "input=10 cache_read=20 cache_write=30 output=40"},
    {"LangfuseObservation",
     R"({"input": "Hello", "output": {"role": "assistant"}, "usageDetails": {"input": 1, "output": 2, "total": 3}})",
     "input=1 output=2"},
    // github.com/langfuse/codex-observability-plugin/issues/22
    {"LangfuseInclusive",
     R"({"input": 117231, "cache_read_input_tokens": 115584, "output": 225, "total": 117456})",
     "input=1647 cache_read=115584 output=225"},

    // Dify: LLMUsage, and the columns of messages
    {"Dify",
     R"({"usage": {"prompt_tokens": 1033, "prompt_unit_price": "0.001", "prompt_price_unit": "0.001",
         "prompt_price": "0.0010330", "completion_tokens": 135, "completion_price": "0.0002700",
         "total_tokens": 1168, "total_price": "0.0013030", "currency": "USD", "latency": 1.38}})",
     "input=1033 output=135"},
    {"DifyMessage", R"({"message_tokens": 1033, "answer_tokens": 135})", "input=1033 output=135"},
    // Open WebUI: backend/open_webui/utils/response.py, normalize_usage and merge_usage
    {"OpenWebUiOllama",
     R"({"input_tokens": 26, "output_tokens": 298, "total_tokens": 324, "prompt_tokens": 26,
         "completion_tokens": 298, "response_token/s": "N/A", "prompt_eval_count": 26, "eval_count": 298,
         "completion_tokens_details": {"reasoning_tokens": 0}})",
     "input=26 output=298 reasoning=0"},
    {"OpenWebUiMerged",
     R"({"prompt_tokens": 300, "completion_tokens": 30, "input_tokens": 500, "output_tokens": 50,
         "total_tokens": 550, "prompt_tokens_details": {"cached_tokens": 128}, "cost": 0.002})",
     "input=372 cache_read=128 output=50 0.002 USD"},
    {"OpenWebUiLlamaCpp",
     R"({"prompt_n": 1, "cache_n": 311, "predicted_n": 8, "input_tokens": 1, "output_tokens": 8,
         "total_tokens": 9})",
     "input=1 cache_read=311 output=8"},
    // new-api: dto.Usage, and the column other of its logs
    {"NewApi",
     R"({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120, "prompt_cache_hit_tokens": 0,
         "prompt_tokens_details": {"cached_tokens": 40, "cached_creation_tokens": 0, "text_tokens": 0,
           "audio_tokens": 0, "image_tokens": 0}, "completion_tokens_details": {"text_tokens": 0,
           "audio_tokens": 0, "reasoning_tokens": 0}, "input_tokens": 0, "output_tokens": 0,
         "input_tokens_details": null, "claude_cache_creation_5_m_tokens": 0,
         "claude_cache_creation_1_h_tokens": 0})",
     "input=60 cache_read=40 cache_write=0 cache_write_1h=0 output=20 reasoning=0"},
    {"NewApiClaudeLog",
     R"({"prompt_tokens": 100000, "completion_tokens": 10000, "claude": true, "group_ratio": 1.0,
         "cache_tokens": 60000, "cache_creation_tokens": 20000, "cache_creation_tokens_5m": 10000,
         "cache_creation_tokens_1h": 5000})",
     "input=100000 cache_read=60000 cache_write=15000 cache_write_1h=5000 output=10000"},
    {"Watsonx", R"({"generated_token_count": 20, "input_token_count": 7, "stop_reason": "eos"})",
     "input=7 output=20"},
};

TEST(Usage, Shapes) {
  for (const Case& c : kCases) EXPECT_EQ(Read(c.json), c.meters) << c.name;
}

// Each shape within {"usage": ...} too, where nothing else is within it.
TEST(Usage, Wrapped) {
  for (const Case& c : kCases) {
    const std::string_view json = c.json;
    if (json.find("\"usage") != json.npos || json.find("etadata") != json.npos ||
        json.find("\"data\"") != json.npos || json.find("message_s") != json.npos ||
        json.find("\"meta\"") != json.npos || json.find("x_groq") != json.npos) {
      continue;
    }
    EXPECT_EQ(Read(R"({"id": 1, "usage": )" + std::string(json) + "}"), c.meters) << c.name;
  }
}

// Complaints of users of other meters.

// BerriAI/litellm 37992: a reported zero was taken for none, and an estimate billed.
TEST(Usage, ReportedZeroIsAReport) {
  EXPECT_EQ(Read(R"({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0})"), "input=0 output=0");
  EXPECT_EQ(Read(R"({"input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": 0})"),
            "input=0 cache_read=0 output=0");
  EXPECT_EQ(Read(R"({"prompt_tokens": 8, "completion_tokens": null, "prompt_tokens_details": null})"),
            "input=8");
}

// BerriAI/litellm 9812: cache writes were charged as input too. 3 x 3 + 12304 x 3.75 + 550 x 15 per million
// make 0.054399, not 0.0913.
TEST(Usage, CacheWritesAreNotInputToo) {
  EXPECT_EQ(Read(R"({"input_tokens": 3, "cache_creation_input_tokens": 12304, "cache_read_input_tokens": 0,
                     "output_tokens": 550})"),
            "input=3 cache_read=0 cache_write=12304 output=550");
}

// BerriAI/litellm 31282: 100 uncached, 700 written, 200 read, in OpenAI's and in Anthropic's convention.
TEST(Usage, CachedTokensAreNotAddedAgain) {
  constexpr const char* kExpected = "input=100 cache_read=200 cache_write=700 output=10";
  EXPECT_EQ(Read(R"({"prompt_tokens": 1000, "completion_tokens": 10, "total_tokens": 1010,
                     "prompt_tokens_details": {"cached_tokens": 200, "cache_creation_tokens": 700}})"),
            kExpected);
  EXPECT_EQ(Read(R"({"input_tokens": 100, "output_tokens": 10, "cache_read_input_tokens": 200,
                     "cache_creation_input_tokens": 700})"),
            kExpected);
}

// BerriAI/litellm 36168: the usage of a last chunk with choices was passed over, with its cached tokens.
TEST(Usage, LastChunkWithChoices) {
  EXPECT_EQ(Read(R"({"choices": [{"index": 0, "finish_reason": "length", "delta": {"role": "assistant"}}],
                     "usage": {"prompt_tokens": 2612, "completion_tokens": 8, "total_tokens": 2620,
                       "prompt_tokens_details": {"cached_tokens": 2560},
                       "completion_tokens_details": {"reasoning_tokens": 7}}})"),
            "input=52 cache_read=2560 output=1 reasoning=7");
}

// BerriAI/litellm 18599: 977 completion tokens, of which 768 reasoning, were billed as 768.
TEST(Usage, OutputBesideReasoning) {
  EXPECT_EQ(Read(R"({"prompt_tokens": 10, "completion_tokens": 977, "total_tokens": 987,
                     "completion_tokens_details": {"reasoning_tokens": 768}})"),
            "input=10 output=209 reasoning=768");
}

// theopenco/llmgateway 3435: Anthropic's thinking was billed twice.
TEST(Usage, ThinkingIsOutputOnce) {
  EXPECT_EQ(
      Read(
          R"({"input_tokens": 51, "output_tokens": 136, "output_tokens_details": {"thinking_tokens": 31}})"),
      "input=51 output=105 reasoning=31");
}

// langfuse 10592, 13811: input with and without cached tokens. Where the total does not tell, usage_details
// are what Langfuse says they are.
TEST(Usage, LangfuseInclusiveAndExclusive) {
  EXPECT_EQ(Read(R"({"input": 17903, "input_cached_tokens": 17817, "output": 1, "total": 17904})"),
            "input=86 cache_read=17817 output=1");
  EXPECT_EQ(Read(R"({"input": 86, "input_cached_tokens": 17817, "output": 1, "total": 17904})"),
            "input=86 cache_read=17817 output=1");
  EXPECT_EQ(Read(R"({"input": 86, "input_cached_tokens": 17817, "output": 1})"),
            "input=86 cache_read=17817 output=1");
}

// mozilla-ai/any-llm 1290, vercel/ai 6082: Google's thoughts are in no number but the total.
TEST(Usage, ThoughtsInTheTotalOnly) {
  EXPECT_EQ(Read(R"({"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 623})"),
            "input=20 output=198 reasoning=405");
  EXPECT_EQ(Read(R"({"promptTokens": 7477, "completionTokens": 2060, "totalTokens": 11476})"),
            "input=7477 output=2060 reasoning=1939");
  EXPECT_EQ(Read(R"({"promptTokenCount": 20, "totalTokenCount": 25})"), "input=20 output=5");
  // Here it is the cached tokens that only the total has.
  EXPECT_EQ(Read(R"({"prompt_tokens": 2000, "completion_tokens": 5, "total_tokens": 3005,
                     "prompt_tokens_details": {"cached_tokens": 1000}})"),
            "input=2000 cache_read=1000 output=5");
  EXPECT_EQ(Read(R"({"completion_tokens": 20, "total_tokens": 25})"), "input=5 output=20");
}

// vertesia/llumiverse 101: a total of 0 beside other numbers is none.
TEST(Usage, TotalOfZero) {
  EXPECT_EQ(
      Read(R"({"prompt_tokens": 3, "total_tokens": 0, "completion_tokens": 0, "request_count": null})"),
      "input=3 output=0");
}

// Numbers as strings, with zero fractions, with exponents.
TEST(Usage, WaysToWriteNumbers) {
  for (const char* value : {"12", "\"12\"", "12.0", "\"12.00\"", "1.2e1", "120e-1", "\"012\"", "0.12E+2"}) {
    EXPECT_EQ(Read(R"({"prompt_tokens": )" + std::string(value) + "}"), "input=12") << value;
  }
  EXPECT_EQ(Read(R"({"prompt_tokens": -0})"), "input=0");
  EXPECT_EQ(Read(R"({"prompt_tokens": 0e99})"), "input=0");
  EXPECT_EQ(Read(R"({"prompt_tokens": 9223372036854775807})"), "input=9223372036854775807");
  EXPECT_EQ(Read(R"({"prompt_tokens": 9.223372036854775807e18})"), "input=9223372036854775807");
  EXPECT_EQ(Read(R"({"prompt_tokens": 9007199254740993.0})"), "input=9007199254740993");
}

TEST(Usage, NoCounts) {
  for (const char* value : {"-1",     "1.5",       "\"\"",
                            "\"x\"",  "\"7 \"",    "\"0x7\"",
                            "\"1e\"", "\"1e+-1\"", "\"1e-\"",
                            "\".5\"", "\"5.\"",    "true",
                            "[]",     "{}",        "9223372036854775808",
                            "1e30",   "1e400",     "-1e400",
                            "1e-1",   "\"-3\"",    "18446744073709551617",
                            "\"NaN\""}) {
    EXPECT_EQ(Read(R"({"prompt_tokens": )" + std::string(value) + "}"), "not a count: prompt_tokens")
        << value;
  }
  const std::string long_number(1000, '9');
  EXPECT_EQ(Read(R"({"prompt_tokens": )" + long_number + "}"), "not a count: prompt_tokens");
  EXPECT_EQ(Read(R"({"prompt_tokens": ")" + long_number + "\"}"), "not a count: prompt_tokens");
  EXPECT_EQ(Read(R"({"promptTokenCount": 9223372036854775807, "toolUsePromptTokenCount": 1})"),
            "not a count: toolUsePromptTokenCount");
}

// Exact amounts, whatever a double would make of them.
TEST(Usage, ExactCosts) {
  const auto cost = [](const std::string& value) {
    return Read(R"({"prompt_tokens": 1, "cost": )" + value + "}");
  };
  EXPECT_EQ(cost("0.1"), "input=1 0.1 USD");
  EXPECT_EQ(cost("0.12345678901234567890123456789"), "input=1 0.12345678901234567890123456789 USD");
  EXPECT_EQ(cost("1.3e-10"), "input=1 0.00000000013 USD");
  EXPECT_EQ(cost("\"2.50\""), "input=1 2.50 USD");
  EXPECT_EQ(cost("0"), "input=1 0 USD");
  EXPECT_EQ(cost("12e3"), "input=1 12e3 USD");
  EXPECT_EQ(cost("7e-50"), "input=1 7e-50 USD");
  EXPECT_EQ(cost("null"), "input=1");
  EXPECT_EQ(cost("{}"), "input=1");
  EXPECT_EQ(cost("-1"), "not a number: cost");
  EXPECT_EQ(cost("\"free\""), "not a number: cost");
  EXPECT_EQ(cost("0." + std::string(100, '1')), "not a number: cost");
  EXPECT_EQ(Read(R"({"input_tokens": 1, "cost_in_usd_ticks": 1})"), "input=1 0.0000000001 USD");
}

TEST(Usage, Refusals) {
  EXPECT_EQ(Read(""), "not JSON");
  EXPECT_EQ(Read("[1]"), "not JSON");
  EXPECT_EQ(Read("12"), "not JSON");
  EXPECT_EQ(Read(R"({"prompt_tokens":)"), "not JSON");
  EXPECT_EQ(Read("{\"prompt_tokens\": 1, \"x\": \"\xff\"}"), "not JSON");
  EXPECT_EQ(Read("{}"), "unknown shape");
  EXPECT_EQ(Read(R"({"cache_read_input_tokens": 5})"), "unknown shape");
  EXPECT_EQ(Read(R"({"total_tokens": 5})"), "unknown shape");
  EXPECT_EQ(Read(R"({"usage": null})"), "unknown shape");
  EXPECT_EQ(Read(R"({"usage": {"usage": {"usage": {"prompt_tokens": 5}}}})"), "unknown shape");
}

TEST(Usage, Contradictions) {
  EXPECT_EQ(Read(R"({"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 6}})"),
            "contradiction: cached_tokens");
  EXPECT_EQ(Read(R"({"prompt_tokens": 5, "prompt_tokens_details": {"audio_tokens": 6}})"),
            "contradiction: audio_tokens");
  EXPECT_EQ(Read(R"({"completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 6}})"),
            "contradiction: reasoning_tokens");
  EXPECT_EQ(Read(R"({"input_tokens": 5, "cache_creation_input_tokens": 5,
                     "cache_creation": {"ephemeral_1h_input_tokens": 6}})"),
            "contradiction: ephemeral_1h_input_tokens");
  EXPECT_EQ(Read(R"({"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 9})"),
            "contradiction: total_tokens");
  EXPECT_EQ(Read(R"({"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 90,
                     "completion_tokens_details": {"reasoning_tokens": 1}})"),
            "contradiction: total_tokens");
  EXPECT_EQ(Read(R"({"inputTokens": 5, "outputTokens": 5, "totalTokens": 11, "cacheReadInputTokens": 4})"),
            "contradiction: totalTokens");
  EXPECT_EQ(Read(R"({"promptTokenCount": 5, "candidatesTokenCount": 5, "thoughtsTokenCount": 3,
                     "totalTokenCount": 14})"),
            "contradiction: totalTokenCount");
  EXPECT_EQ(Read(R"({"prompt_tokens": 50, "prompt_tokens_details": {"cached_tokens": 6},
                     "prompt_cache_hit_tokens": 7})"),
            "contradiction: prompt_cache_hit_tokens");
}

// A part of a whole that is not told is no contradiction.
TEST(Usage, PartsWithoutWholes) {
  EXPECT_EQ(Read(R"({"prompt_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 3}})"),
            "input=5 reasoning=3");
  EXPECT_EQ(Read(R"({"prompt_cache_miss_tokens": 5, "prompt_cache_hit_tokens": 7})"),
            "input=5 cache_read=7");
}

// What is not known is passed over, whatever it is.
TEST(Usage, UnknownKeys) {
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "[{\"usage\":";
  deep += "1";
  for (int i = 0; i < 100000; ++i) deep += "}]";
  for (const std::string& value :
       {std::string("1e400"), std::string("\"\\u0000\\ud83d\\ude00\""), deep,
        std::string("{\"prompt_tokens\": -1}"), "\"" + std::string(100000, 'x') + "\"",
        "[" + std::string(500, '8') + ", \"1e999\", \"\\\"1e999\"]"}) {
    EXPECT_EQ(Read(R"({"next_year": )" + value + R"(, "prompt_tokens": 3, "usage": )" + value + "}"),
              "input=3")
        << value.substr(0, 40);
  }
}

TEST(Usage, ServiceTiersAreNames) {
  const auto tier = [](const std::string& value) {
    return Read(R"({"input_tokens": 1, "service_tier": )" + value + "}");
  };
  EXPECT_EQ(tier("\"Priority\""), "input=1 tier=priority");
  EXPECT_EQ(tier("null"), "input=1");
  EXPECT_EQ(tier("\"\""), "input=1");
  EXPECT_EQ(tier("{}"), "input=1");
  EXPECT_EQ(tier("\"see my prompt\""), "input=1");
  EXPECT_EQ(tier("\"" + std::string(64, 'a') + "\""), "input=1");
}

// Random calls, written in each convention, are read as what they were. A call's disjoint numbers have
// letters.
enum Letter : char {
  kInput = 'I',
  kCacheRead = 'R',
  kCacheWrite = 'W',
  kCacheWrite1h = 'H',
  kOutput = 'O',
  kReasoning = 'T',
  kAudioInput = 'A',
  kImageInput = 'G',
  kAudioOutput = 'B'
};
using Call = std::map<char, int64_t>;

// In place of "#" and letters comes the sum of their numbers; "%" writes plain digits, "?" null for 0. What
// a shape cannot tell apart, its calls do not have.
const std::pair<const char*, const char*> kTemplates[] = {
    {"OpenAi", R"({"prompt_tokens": #IRWAG, "completion_tokens": #OTB, "total_tokens": #IRWAGOTB,
        "prompt_tokens_details": {"cached_tokens": #R, "cache_write_tokens": #W, "audio_tokens": #A, "image_tokens": #G},
        "completion_tokens_details": {"reasoning_tokens": #T, "audio_tokens": #B}})"},
    {"OpenAiResponses", R"({"input_tokens": #IRWAG, "output_tokens": #OTB, "total_tokens": #IRWAGOTB,
        "input_tokens_details": {"cached_tokens": #R, "cache_write_tokens": #W, "audio_tokens": #A, "image_tokens": #G},
        "output_tokens_details": {"reasoning_tokens": #T, "audio_tokens": #B}})"},
    {"Xai", R"({"prompt_tokens": #IR, "completion_tokens": #O, "total_tokens": #IROT,
        "prompt_tokens_details": {"cached_tokens": #R}, "completion_tokens_details": {"reasoning_tokens": #T}})"},
    {"DeepSeek", R"({"prompt_cache_hit_tokens": #R, "prompt_cache_miss_tokens": #I, "prompt_tokens": #IR,
        "completion_tokens": #OT, "completion_tokens_details": {"reasoning_tokens": #T}, "total_tokens": #IROT})"},
    {"Perplexity",
     R"({"prompt_tokens": #I, "completion_tokens": #O, "reasoning_tokens": #T, "citation_tokens": 0,
        "total_tokens": #IO})"},
    {"LiteLlm", R"({"prompt_tokens": #IRWH, "completion_tokens": #OT, "total_tokens": #IRWHOT,
        "cache_read_input_tokens": #R, "cache_creation_input_tokens": #WH, "prompt_tokens_details":
        {"cached_tokens": #R, "cache_creation_tokens": #WH, "cache_creation_token_details":
          {"ephemeral_5m_input_tokens": #W, "ephemeral_1h_input_tokens": #H}},
        "completion_tokens_details": {"reasoning_tokens": #T}})"},
    {"NewApiClaude", R"({"prompt_tokens": #I, "completion_tokens": #O, "usage_semantic": "anthropic",
        "cache_tokens": #R, "cache_creation_tokens": #WH, "cache_creation_tokens_1h": #H})"},
    {"Anthropic", R"({"input_tokens": #I, "cache_read_input_tokens": #R, "cache_creation_input_tokens": #WH,
        "cache_creation": {"ephemeral_5m_input_tokens": #W, "ephemeral_1h_input_tokens": #H}, "output_tokens": #OT,
        "output_tokens_details": {"thinking_tokens": #T}})"},
    {"Bedrock",
     R"({"inputTokens": #I, "cacheReadInputTokens": #R, "cacheWriteInputTokens": #WH, "outputTokens": #O,
        "cacheDetails": [{"ttl": "1h", "inputTokens": #H}, {"ttl": "5m", "inputTokens": #W}], "totalTokens": #IRWHO})"},
    {"Gemini", R"({"promptTokenCount": #IRAG, "cachedContentTokenCount": #R, "candidatesTokenCount": #OB,
        "thoughtsTokenCount": ?T, "totalTokenCount": #IRAGOTB, "promptTokensDetails": [
          {"modality": "TEXT", "tokenCount": #IR}, {"modality": "AUDIO", "tokenCount": #A},
          {"modality": "IMAGE", "tokenCount": #G}], "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": #R},
          {"modality": "AUDIO", "tokenCount": 0}], "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": #B}]})"},
    {"GeminiInteraction",
     R"({"total_input_tokens": #IRA, "total_cached_tokens": #R, "total_output_tokens": #O,
        "total_thought_tokens": #T, "total_tokens": #IRAOT, "cached_tokens_by_modality": [],
        "input_tokens_by_modality": [{"modality": "audio", "tokens": #A}, {"modality": "text", "tokens": #IR}]})"},
    {"Cohere",
     R"({"billed_units": {"input_tokens": #I, "output_tokens": #O}, "tokens": {"input_tokens": 999,
        "output_tokens": #O}})"},
    {"Ollama", R"({"prompt_eval_count": #I, "eval_count": #O})"},
    {"LlamaCpp", R"({"prompt_n": #I, "cache_n": #R, "predicted_n": #O})"},
    {"LangChain",
     R"({"input_tokens": #IRWHA, "output_tokens": #OTB, "total_tokens": #IRWHAOTB, "input_token_details":
        {"audio": #A, "cache_read": #R, "cache_creation": 0, "ephemeral_5m_input_tokens": #W,
         "ephemeral_1h_input_tokens": #H}, "output_token_details": {"audio": #B, "reasoning": #T}})"},
    {"AiSdk5", R"({"inputTokens": #IR, "cachedInputTokens": #R, "outputTokens": #OT, "reasoningTokens": #T,
        "totalTokens": #IROT})"},
    {"AiSdk5Google",
     R"({"inputTokens": #IR, "cachedInputTokens": #R, "outputTokens": #O, "reasoningTokens": #T,
        "totalTokens": #IROT})"},
    {"AiSdk6", R"({"inputTokens": #IRW, "inputTokenDetails": {"noCacheTokens": #I, "cacheReadTokens": #R,
        "cacheWriteTokens": #W}, "outputTokens": #OT, "outputTokenDetails": {"textTokens": #O, "reasoningTokens": #T},
        "totalTokens": #IRWOT})"},
    {"AiSdkProvider", R"({"inputTokens": {"total": #IRW, "noCache": #I, "cacheRead": #R, "cacheWrite": #W},
        "outputTokens": {"total": #OT, "text": #O, "reasoning": #T}})"},
    {"LobeChat", R"({"totalInputTokens": ?IRWA, "inputCacheMissTokens": #I, "inputCachedTokens": ?R,
        "inputWriteCacheTokens": ?W, "inputAudioTokens": ?A, "totalOutputTokens": ?OTB, "outputReasoningTokens": ?T,
        "outputAudioTokens": ?B, "totalTokens": ?IRWAOTB})"},
    {"Langfuse", R"({"input": %I, "input_cached_tokens": #R, "cache_creation_input_tokens": #W,
        "input_audio_tokens": #A, "output": %O, "output_reasoning_tokens": #T, "output_audio_tokens": #B,
        "total": #IRWAOTB})"},
    {"OpenWebUi", R"({"prompt_tokens": 0, "completion_tokens": 0, "input_tokens": #IR, "output_tokens": #OT,
        "total_tokens": #IROT, "prompt_tokens_details": {"cached_tokens": #R},
        "completion_tokens_details": {"reasoning_tokens": #T}})"},
};

std::mt19937_64& Random() {
  static std::mt19937_64 random(20261125);
  return random;
}

// A number in one of the ways to write it.
std::string Number(char how, int64_t count) {
  const std::string digits = std::to_string(count);
  if (how == '?' && count == 0) return "null";
  switch (how == '%' ? 0 : Random()() % 6) {
    case 1:
      return "\"" + digits + "\"";
    case 2:
      return digits + ".0";
    case 3:
      return count == 0 ? digits : digits + "0e-1";
    default:
      return digits;
  }
}

std::string Fill(std::string_view text, Call* call) {
  std::string json = R"({"next_year_tokens": -17.5, )";
  text.remove_prefix(1);
  while (!text.empty()) {
    const char first = text[0];
    text.remove_prefix(1);
    if (first != '#' && first != '%' && first != '?') {
      json += first;
      continue;
    }
    int64_t sum = 0;
    for (; text[0] >= 'A' && text[0] <= 'Z'; text.remove_prefix(1)) {
      const bool is_new = !call->contains(text[0]);
      int64_t& number = (*call)[text[0]];
      if (is_new && Random()() % 4 != 0)
        number = static_cast<int64_t>(Random()() >> (30 + Random()() % 34));
      sum += number;
    }
    json += Number(first, sum);
  }
  return json;
}

Call CallOf(const TmUsage& usage) {
  const auto count = [](int64_t meter) { return std::max<int64_t>(meter, 0); };
  Call call = {{kInput, count(usage.meters.input)},
               {kCacheRead, count(usage.meters.cache_read)},
               {kCacheWrite, count(usage.meters.cache_write)},
               {kCacheWrite1h, count(usage.meters.cache_write_1h)},
               {kOutput, count(usage.meters.output)},
               {kReasoning, count(usage.meters.reasoning)}};
  for (size_t i = 0; i < usage.quantity_count; ++i) {
    const std::string_view meter = usage.quantities[i].meter;
    const char letter = meter == "audio_input"   ? kAudioInput
                        : meter == "image_input" ? kImageInput
                                                 : kAudioOutput;
    call[letter] += std::stoll(usage.quantities[i].amount);
  }
  return call;
}

TEST(Usage, RandomCallsOfEachShape) {
  for (const auto& [name, text] : kTemplates) {
    for (int i = 0; i < 2000; ++i) {
      Call call;
      const std::string json = Fill(text, &call);
      TmUsage usage{};
      const char* key = "";
      ASSERT_EQ(tm_usage_read(json.data(), json.size(), &usage, &key), TM_USAGE_OK) << name << json << key;
      Call read = CallOf(usage);
      for (const auto& [letter, number] : call) ASSERT_EQ(read[letter], number) << name << letter << json;
      for (const auto& [letter, number] : read) ASSERT_EQ(call[letter], number) << name << letter << json;
    }
  }
}

// Time is linear in the length: ten times the text, about ten times the time.
TEST(Usage, LargeObjects) {
  const auto seconds = [](size_t count, std::string_view element, const char* expected) {
    std::string json = R"({"prompt_tokens": 3, "promptTokensDetails": [)";
    for (size_t i = 0; i < count; ++i) json += std::string(i == 0 ? "" : ",") + std::string(element);
    json += "]}";
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(Read(json), expected);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  EXPECT_LT(seconds(1000000, R"({"x": [1, 2]})", "input=3"), 5);
  EXPECT_LT(seconds(1000000, R"([{"modality": "AUDIO", "tokenCount": 1}])", "input=3"), 5);
  EXPECT_LT(seconds(1000000, R"({"modality": "AUDIO", "tokenCount": 1})", "not JSON"), 5);
  EXPECT_LT(seconds(20000, R"({"modality": "AUDIO", "tokenCount": 1})", "input=3"), 5);
  std::string twice = "{";
  for (int i = 0; i < 200000; ++i) twice += "\"prompt_tokens\": " + std::to_string(i) + ",";
  EXPECT_EQ(Read(twice + "\"prompt_tokens\": 9}"), "input=0");  // of a key that comes twice, the first
}

}  // namespace
