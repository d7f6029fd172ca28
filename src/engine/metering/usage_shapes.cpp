#include "metering/usage_shapes.hpp"

#include <algorithm>
#include <cstring>

namespace tokenmeter::metering {
namespace {

using enum Part;
using enum Merge;

// Conventions: cache in input, reasoning in output, media in both, total without, only if total.

// OpenAI: every number includes its details. Beside it, xAI, and Google's by way of the AI SDK: reasoning
// is beside the output, and in the total. Cached tokens likewise, where the total tells.
constexpr Convention kInclusive[] = {
    {true, true, true, kWhole}, {true, false, true, kWhole, true}, {false, true, true, kWhole, true}};

// The same names with Anthropic's numbers, from before LiteLLM and the AI SDK made them inclusive: the
// cached tokens are beside the input. That shows where they are more than the input, or in the total.
constexpr Convention kInclusiveOrBeside[] = {{true, true, true, kWhole},
                                             {true, false, true, kWhole, true},
                                             {false, true, true, kWhole, true},
                                             {false, true, true, kWithoutCache}};

// Anthropic and llama.cpp have no total; what others compute has the cached tokens in it or not.
constexpr Convention kCacheBeside[] = {{false, true, true, kWhole}, {false, true, true, kWithoutCache}};

// Google: thoughts are beside the candidates; sometimes in them, as the total then tells.
constexpr Convention kGoogle[] = {{true, false, true, kWhole}, {true, true, true, kWhole, true}};

// Perplexity: reasoning is beside the completion, and in no total.
constexpr Convention kPerplexity[] = {{true, false, true, kWithoutReasoning},
                                      {true, true, true, kWhole, true}};

// Langfuse: the numbers are disjoint, if the total does not tell that nobody made them so.
constexpr Convention kDisjoint[] = {{false, false, false, kWhole},
                                    {true, true, true, kWhole, true},
                                    {true, false, true, kWhole, true},
                                    {false, true, true, kWhole, true}};

// LobeChat: OpenAI's; of Google's, older versions had the prompts of tools in the total only.
constexpr Convention kLobe[] = {
    {true, true, true, kWhole}, {true, false, true, kWhole, true}, {true, true, true, kWithoutTool, true}};

constexpr CostField kUsd[] = {{"cost", 0, "USD"},                  // OpenRouter, in credits of 1 USD
                              {"cost/total_cost", 0, "USD"},       // Perplexity
                              {"estimated_cost", 0, "USD"},        // DeepInfra
                              {"cost_in_usd_ticks", -10, "USD"}};  // xAI

constexpr CostField kGenerationCost[] = {{"total_cost", 0, "USD"}};

// OpenAI's chat completions, embeddings and legacy completions, and all who took over its names: Azure,
// DeepSeek (prompt_cache_hit_tokens), xAI, Mistral, Groq, Qwen, Kimi, OpenRouter, LiteLLM, new-api, Dify.
// Open WebUI adds up input_tokens and output_tokens over the calls of an answer, and leaves prompt_tokens
// and completion_tokens as the last one had them; new-api writes 0 for the former.
constexpr Field kChat[] = {
    {kInput, "prompt_tokens"},
    {kInput, "input_tokens", kLargest},
    {kUncached, "prompt_cache_miss_tokens"},
    {kCacheRead, "prompt_tokens_details/cached_tokens"},
    {kCacheRead, "input_tokens_details/cached_tokens"},
    {kCacheRead, "prompt_cache_hit_tokens"},
    {kCacheRead, "cache_read_input_tokens"},
    {kCacheRead, "cached_tokens"},
    {kCacheRead, "cache_tokens"},
    {kCacheRead, "num_cached_tokens"},
    {kCacheWrite, "prompt_tokens_details/cache_write_tokens"},
    {kCacheWrite, "input_tokens_details/cache_write_tokens"},
    {kCacheWrite, "prompt_tokens_details/cache_creation_tokens"},
    {kCacheWrite, "prompt_tokens_details/cached_creation_tokens"},
    {kCacheWrite, "prompt_tokens_details/cache_creation_input_tokens"},
    {kCacheWrite, "cache_creation_input_tokens"},
    {kCacheWrite, "cache_creation_tokens"},
    {kCacheWrite, "cache_write_tokens"},
    {kCacheWrite5m, "cache_creation/ephemeral_5m_input_tokens"},
    {kCacheWrite5m, "prompt_tokens_details/cache_creation/ephemeral_5m_input_tokens"},
    {kCacheWrite5m, "prompt_tokens_details/cache_creation_token_details/ephemeral_5m_input_tokens"},
    {kCacheWrite5m, "claude_cache_creation_5_m_tokens"},
    {kCacheWrite5m, "cache_creation_tokens_5m"},
    {kCacheWrite1h, "cache_creation/ephemeral_1h_input_tokens"},
    {kCacheWrite1h, "prompt_tokens_details/cache_creation/ephemeral_1h_input_tokens"},
    {kCacheWrite1h, "prompt_tokens_details/cache_creation_token_details/ephemeral_1h_input_tokens"},
    {kCacheWrite1h, "claude_cache_creation_1_h_tokens"},
    {kCacheWrite1h, "cache_creation_tokens_1h"},
    {kAudioInput, "prompt_tokens_details/audio_tokens"},
    {kImageInput, "prompt_tokens_details/image_tokens"},
    {kVideoInput, "prompt_tokens_details/video_tokens"},
    {kAudioCacheRead, "prompt_tokens_details/cached_tokens_details/audio_tokens"},
    {kImageCacheRead, "prompt_tokens_details/cached_tokens_details/image_tokens"},
    {kOutput, "completion_tokens"},
    {kOutput, "output_tokens", kLargest},
    {kReasoning, "completion_tokens_details/reasoning_tokens"},
    {kReasoning, "output_tokens_details/reasoning_tokens"},
    {kReasoning, "reasoning_tokens"},
    {kAudioOutput, "completion_tokens_details/audio_tokens"},
    {kImageOutput, "completion_tokens_details/image_tokens"},
    {kVideoOutput, "completion_tokens_details/video_tokens"},
    {kTotal, "total_tokens"}};
constexpr const char* kChatMarkers[] = {"prompt_tokens", "completion_tokens", "prompt_cache_miss_tokens"};
constexpr const char* kPerplexityMarkers[] = {"citation_tokens", "num_search_queries",
                                              "search_context_size"};
constexpr const char* kAnthropicMarkersInChat[] = {"cache_read_input_tokens",
                                                   "cache_creation_input_tokens"};
// new-api's log entries of Anthropic's API.
constexpr const char* kNewApiClaudeMarkers[] = {"usage_semantic=anthropic/prompt_tokens",
                                                "claude=true/prompt_tokens"};

// OpenAI's responses, realtime and transcription; LangChain's usage_metadata; Codex; and whatever tells
// input_tokens and output_tokens only.
constexpr Field kResponses[] = {
    {kInput, "input_tokens"},
    {kCacheRead, "input_tokens_details/cached_tokens"},
    {kCacheRead, "input_token_details/cached_tokens"},
    {kCacheRead, "cached_input_tokens"},
    {kCacheRead, "cached_tokens"},
    {kCacheRead, "input_token_details/cache_read"},
    // LangChain puts OpenAI's service tier before its names, and adds up calls of several.
    {kCacheRead, "input_token_details/priority_cache_read", kAdd},
    {kCacheRead, "input_token_details/flex_cache_read", kAdd},
    {kCacheWrite, "input_tokens_details/cache_write_tokens"},
    {kCacheWrite, "cache_write_input_tokens"},
    {kCacheWrite, "input_token_details/cache_creation"},
    {kCacheWrite, "input_token_details/priority_cache_creation", kAdd},
    {kCacheWrite, "input_token_details/flex_cache_creation", kAdd},
    {kCacheWrite5m, "input_token_details/ephemeral_5m_input_tokens"},
    {kCacheWrite1h, "input_token_details/ephemeral_1h_input_tokens"},
    {kAudioInput, "input_tokens_details/audio_tokens"},
    {kAudioInput, "input_token_details/audio_tokens"},
    {kAudioInput, "input_token_details/audio"},
    {kImageInput, "input_tokens_details/image_tokens"},
    {kImageInput, "input_token_details/image_tokens"},
    {kImageInput, "input_token_details/image"},
    {kVideoInput, "input_tokens_details/video_tokens"},
    {kVideoInput, "input_token_details/video"},
    {kAudioCacheRead, "input_token_details/cached_tokens_details/audio_tokens"},
    {kAudioCacheRead, "input_tokens_details/cached_tokens_details/audio_tokens"},
    {kImageCacheRead, "input_token_details/cached_tokens_details/image_tokens"},
    {kImageCacheRead, "input_tokens_details/cached_tokens_details/image_tokens"},
    {kOutput, "output_tokens"},
    {kReasoning, "output_tokens_details/reasoning_tokens"},
    {kReasoning, "output_token_details/reasoning_tokens"},
    {kReasoning, "reasoning_output_tokens"},
    {kReasoning, "reasoning_tokens"},
    {kReasoning, "output_token_details/reasoning"},
    {kReasoning, "output_token_details/priority_reasoning", kAdd},
    {kReasoning, "output_token_details/flex_reasoning", kAdd},
    {kAudioOutput, "output_tokens_details/audio_tokens"},
    {kAudioOutput, "output_token_details/audio_tokens"},
    {kAudioOutput, "output_token_details/audio"},
    {kImageOutput, "output_tokens_details/image_tokens"},
    {kImageOutput, "output_token_details/image"},
    {kVideoOutput, "output_tokens_details/video_tokens"},
    {kTotal, "total_tokens"}};
constexpr const char* kResponsesMarkers[] = {"input_tokens", "output_tokens"};

// OpenAI's images, of the models that answer nothing but images and so do not break the output down.
constexpr Field kImages[] = {{kInput, "input_tokens"},
                             {kImageInput, "input_tokens_details/image_tokens"},
                             {kImageOutput, "output_tokens"},
                             {kTotal, "total_tokens"}};
constexpr const char* kImagesMarkers[] = {"input_tokens_details/image_tokens"};
constexpr const char* kNotImages[] = {"input_tokens_details/cached_tokens", "output_tokens_details"};

// OpenAI's transcriptions by length: no tokens at all, see QuantityFields.
constexpr const char* kDurationMarkers[] = {"type=duration/seconds"};

// Anthropic's messages, also by way of Bedrock and Vertex. Compacting a conversation is a call by itself
// that the top-level numbers leave out.
constexpr Field kAnthropic[] = {
    {kInput, "input_tokens"},
    {kInput, "uncached_input_tokens"},
    {kInput, "iterations/type=compaction/input_tokens", kAdd},
    {kCacheRead, "cache_read_input_tokens"},
    {kCacheRead, "iterations/type=compaction/cache_read_input_tokens", kAdd},
    {kCacheWrite, "cache_creation_input_tokens"},
    {kCacheWrite, "iterations/type=compaction/cache_creation_input_tokens", kAdd},
    {kCacheWrite5m, "cache_creation/ephemeral_5m_input_tokens"},
    {kCacheWrite5m, "claude_cache_creation_5_m_tokens"},
    {kCacheWrite5m, "iterations/type=compaction/cache_creation/ephemeral_5m_input_tokens", kAdd},
    {kCacheWrite1h, "cache_creation/ephemeral_1h_input_tokens"},
    {kCacheWrite1h, "claude_cache_creation_1_h_tokens"},
    {kCacheWrite1h, "iterations/type=compaction/cache_creation/ephemeral_1h_input_tokens", kAdd},
    {kOutput, "output_tokens"},
    {kOutput, "iterations/type=compaction/output_tokens", kAdd},
    {kReasoning, "output_tokens_details/thinking_tokens"},
    {kTotal, "total_tokens"}};
constexpr const char* kAnthropicMarkers[] = {"cache_read_input_tokens",
                                             "cache_creation_input_tokens",
                                             "cache_creation/ephemeral_5m_input_tokens",
                                             "cache_creation/ephemeral_1h_input_tokens",
                                             "server_tool_use/web_search_requests",
                                             "inference_geo",
                                             "iterations",
                                             "uncached_input_tokens",
                                             "output_tokens_details/thinking_tokens"};

// AWS Bedrock: Converse, and the metrics of InvokeModel; the Claude Agent SDK's modelUsage.
constexpr Field kBedrock[] = {{kInput, "inputTokens"},
                              {kInput, "inputTokenCount"},
                              {kCacheRead, "cacheReadInputTokens"},
                              {kCacheRead, "cacheReadInputTokenCount"},
                              {kCacheWrite, "cacheWriteInputTokens"},
                              {kCacheWrite, "cacheWriteInputTokenCount"},
                              {kCacheWrite, "cacheCreationInputTokens"},
                              {kCacheWrite5m, "cacheDetails/ttl=5m/inputTokens"},
                              {kCacheWrite1h, "cacheDetails/ttl=1h/inputTokens"},
                              {kOutput, "outputTokens"},
                              {kOutput, "outputTokenCount"},
                              {kTotal, "totalTokens"}};
constexpr const char* kBedrockMarkers[] = {"cacheReadInputTokens",     "cacheWriteInputTokens",
                                           "cacheReadInputTokenCount", "cacheWriteInputTokenCount",
                                           "cacheCreationInputTokens", "cacheDetails/inputTokens"};
constexpr const char* kNotBedrock[] = {"cachedInputTokens"};

// Vercel's AI SDK: what its providers give since version 6; and what generateText gives, of versions 4, 5
// and
// 6. The same names in LangChain.js' tokenUsage, LangChain4j, Codex' app server, Langfuse 2 and LobeChat 1.
constexpr Field kSdkNested[] = {
    {kInput, "inputTokens/total"},         {kUncached, "inputTokens/noCache"},
    {kCacheRead, "inputTokens/cacheRead"}, {kCacheWrite, "inputTokens/cacheWrite"},
    {kOutput, "outputTokens/total"},       {kReasoning, "outputTokens/reasoning"}};
constexpr const char* kSdkNestedMarkers[] = {"inputTokens/total", "outputTokens/total"};
constexpr Field kSdk[] = {{kInput, "inputTokens"},
                          {kInput, "promptTokens"},
                          {kInput, "inputTokenCount"},
                          {kUncached, "inputTokenDetails/noCacheTokens"},
                          {kCacheRead, "cachedInputTokens"},
                          {kCacheRead, "inputTokenDetails/cacheReadTokens"},
                          {kCacheRead, "cachedReadTokens"},
                          {kCacheRead, "cachedTokens"},
                          {kCacheWrite, "inputTokenDetails/cacheWriteTokens"},
                          {kCacheWrite, "cacheWriteInputTokens"},
                          {kCacheWrite, "cachedWriteTokens"},
                          {kOutput, "outputTokens"},
                          {kOutput, "completionTokens"},
                          {kOutput, "outputTokenCount"},
                          {kReasoning, "reasoningTokens"},
                          {kReasoning, "outputTokenDetails/reasoningTokens"},
                          {kReasoning, "reasoningOutputTokens"},
                          {kTotal, "totalTokens"},
                          {kTotal, "totalTokenCount"}};
constexpr const char* kSdkMarkers[] = {"inputTokens",      "outputTokens",    "promptTokens",
                                       "completionTokens", "inputTokenCount", "outputTokenCount"};

// Google: generateContent and the live API of Gemini and Vertex AI, as JSON and as Python has it.
constexpr Field kGemini[] = {{kInput, "promptTokenCount"},
                             {kInput, "prompt_token_count"},
                             {kToolInput, "toolUsePromptTokenCount"},
                             {kToolInput, "tool_use_prompt_token_count"},
                             {kCacheRead, "cachedContentTokenCount"},
                             {kCacheRead, "cached_content_token_count"},
                             {kAudioInput, "promptTokensDetails/modality=AUDIO/tokenCount"},
                             {kAudioInput, "prompt_tokens_details/modality=AUDIO/token_count"},
                             {kImageInput, "promptTokensDetails/modality=IMAGE/tokenCount"},
                             {kImageInput, "prompt_tokens_details/modality=IMAGE/token_count"},
                             {kVideoInput, "promptTokensDetails/modality=VIDEO/tokenCount"},
                             {kVideoInput, "prompt_tokens_details/modality=VIDEO/token_count"},
                             {kAudioCacheRead, "cacheTokensDetails/modality=AUDIO/tokenCount"},
                             {kAudioCacheRead, "cache_tokens_details/modality=AUDIO/token_count"},
                             {kImageCacheRead, "cacheTokensDetails/modality=IMAGE/tokenCount"},
                             {kImageCacheRead, "cache_tokens_details/modality=IMAGE/token_count"},
                             {kVideoCacheRead, "cacheTokensDetails/modality=VIDEO/tokenCount"},
                             {kVideoCacheRead, "cache_tokens_details/modality=VIDEO/token_count"},
                             {kOutput, "candidatesTokenCount"},
                             {kOutput, "candidates_token_count"},
                             {kOutput, "responseTokenCount"},
                             {kOutput, "response_token_count"},
                             {kReasoning, "thoughtsTokenCount"},
                             {kReasoning, "thoughts_token_count"},
                             {kAudioOutput, "candidatesTokensDetails/modality=AUDIO/tokenCount"},
                             {kAudioOutput, "candidates_tokens_details/modality=AUDIO/token_count"},
                             {kAudioOutput, "responseTokensDetails/modality=AUDIO/tokenCount"},
                             {kAudioOutput, "response_tokens_details/modality=AUDIO/token_count"},
                             {kImageOutput, "candidatesTokensDetails/modality=IMAGE/tokenCount"},
                             {kImageOutput, "candidates_tokens_details/modality=IMAGE/token_count"},
                             {kImageOutput, "responseTokensDetails/modality=IMAGE/tokenCount"},
                             {kVideoOutput, "candidatesTokensDetails/modality=VIDEO/tokenCount"},
                             {kTotal, "totalTokenCount"},
                             {kTotal, "total_token_count"}};
constexpr const char* kGeminiMarkers[] = {
    "promptTokenCount",   "candidatesTokenCount",   "thoughtsTokenCount",   "responseTokenCount",
    "prompt_token_count", "candidates_token_count", "thoughts_token_count", "response_token_count"};

// Google's Interactions API.
constexpr Field kInteractions[] = {{kInput, "total_input_tokens"},
                                   {kToolInput, "total_tool_use_tokens"},
                                   {kCacheRead, "total_cached_tokens"},
                                   {kAudioInput, "input_tokens_by_modality/modality=audio/tokens"},
                                   {kImageInput, "input_tokens_by_modality/modality=image/tokens"},
                                   {kVideoInput, "input_tokens_by_modality/modality=video/tokens"},
                                   {kAudioCacheRead, "cached_tokens_by_modality/modality=audio/tokens"},
                                   {kImageCacheRead, "cached_tokens_by_modality/modality=image/tokens"},
                                   {kVideoCacheRead, "cached_tokens_by_modality/modality=video/tokens"},
                                   {kOutput, "total_output_tokens"},
                                   {kReasoning, "total_thought_tokens"},
                                   {kAudioOutput, "output_tokens_by_modality/modality=audio/tokens"},
                                   {kImageOutput, "output_tokens_by_modality/modality=image/tokens"},
                                   {kVideoOutput, "output_tokens_by_modality/modality=video/tokens"},
                                   {kTotal, "total_tokens"}};
constexpr const char* kInteractionsMarkers[] = {"total_input_tokens", "total_output_tokens"};

// Cohere bills other numbers than its models have processed.
constexpr Field kCohere[] = {
    {kInput, "billed_units/input_tokens"},      {kInput, "billedUnits/inputTokens"},
    {kInput, "tokens/input_tokens", kIgnore},   {kInput, "tokens/inputTokens", kIgnore},
    {kOutput, "billed_units/output_tokens"},    {kOutput, "billedUnits/outputTokens"},
    {kOutput, "tokens/output_tokens", kIgnore}, {kOutput, "tokens/outputTokens", kIgnore}};
constexpr const char* kCohereMarkers[] = {"billed_units/input_tokens",
                                          "billed_units/output_tokens",
                                          "billed_units/search_units",
                                          "billed_units/images",
                                          "billed_units/classifications",
                                          "billedUnits/inputTokens",
                                          "billedUnits/outputTokens",
                                          "billedUnits/searchUnits",
                                          "tokens/input_tokens",
                                          "tokens/output_tokens",
                                          "search_units"};

constexpr Field kOllama[] = {{kInput, "prompt_eval_count"}, {kOutput, "eval_count"}};
constexpr const char* kOllamaMarkers[] = {"prompt_eval_count", "eval_count"};

// llama.cpp's timings; total_tokens is Open WebUI's.
constexpr Field kLlamaCpp[] = {
    {kInput, "prompt_n"}, {kCacheRead, "cache_n"}, {kOutput, "predicted_n"}, {kTotal, "total_tokens"}};
constexpr const char* kLlamaCppMarkers[] = {"prompt_n", "predicted_n"};

constexpr Field kLobeChat[] = {{kInput, "totalInputTokens"},
                               {kUncached, "inputCacheMissTokens"},
                               {kCacheRead, "inputCachedTokens"},
                               {kCacheWrite, "inputWriteCacheTokens"},
                               {kAudioInput, "inputAudioTokens"},
                               {kImageInput, "inputImageTokens"},
                               {kVideoInput, "inputVideoTokens"},
                               {kCitation, "inputCitationTokens"},
                               {kAudioCacheRead, "inputCachedAudioTokens"},
                               {kImageCacheRead, "inputCachedImageTokens"},
                               {kVideoCacheRead, "inputCachedVideoTokens"},
                               {kOutput, "totalOutputTokens"},
                               {kReasoning, "outputReasoningTokens"},
                               {kAudioOutput, "outputAudioTokens"},
                               {kImageOutput, "outputImageTokens"},
                               {kTotal, "totalTokens"}};
constexpr const char* kLobeChatMarkers[] = {"totalInputTokens", "totalOutputTokens",
                                            "inputCacheMissTokens"};

// Langfuse's usage_details, and the usage of its version 2.
constexpr Field kLangfuse[] = {{kInput, "input"},
                               {kCacheRead, "input_cached_tokens"},
                               {kCacheRead, "cache_read_input_tokens"},
                               {kCacheRead, "input_cache_read"},
                               {kCacheWrite, "cache_creation_input_tokens"},
                               {kCacheWrite, "input_cache_creation"},
                               {kAudioInput, "input_audio_tokens"},
                               {kAudioInput, "input_audio"},
                               {kImageInput, "input_image_tokens"},
                               {kOutput, "output"},
                               {kReasoning, "output_reasoning_tokens"},
                               {kReasoning, "output_reasoning"},
                               {kAudioOutput, "output_audio_tokens"},
                               {kAudioOutput, "output_audio"},
                               {kImageOutput, "output_image_tokens"},
                               {kTotal, "total"}};
constexpr const char* kLangfuseMarkers[] = {"input", "output"};

// OpenRouter's record of a generation; native numbers are those of the model's own tokenizer, which it
// bills.
constexpr Field kGeneration[] = {{kInput, "native_tokens_prompt"},
                                 {kInput, "tokens_prompt", kIgnore},
                                 {kCacheRead, "native_tokens_cached"},
                                 {kOutput, "native_tokens_completion"},
                                 {kOutput, "tokens_completion", kIgnore},
                                 {kReasoning, "native_tokens_reasoning"},
                                 {kImageOutput, "native_tokens_completion_images"}};
constexpr const char* kGenerationMarkers[] = {"native_tokens_prompt", "native_tokens_completion",
                                              "tokens_prompt", "tokens_completion"};

// The columns of Dify's and MaxKB's messages; watsonx.ai and Replicate.
constexpr Field kPlain[] = {{kInput, "message_tokens"},
                            {kInput, "input_token_count"},
                            {kOutput, "answer_tokens"},
                            {kOutput, "generated_token_count"},
                            {kOutput, "output_token_count"}};
constexpr const char* kPlainMarkers[] = {"message_tokens", "answer_tokens", "input_token_count",
                                         "generated_token_count", "output_token_count"};

constexpr Shape kShapes[] = {
    {kGeminiMarkers, {}, {}, kGemini, kGoogle, {}, true, false},
    {kNewApiClaudeMarkers, {}, {}, kChat, kCacheBeside, kUsd, false, false},
    {kPerplexityMarkers, kChatMarkers, {}, kChat, kPerplexity, kUsd, false, false},
    {kChatMarkers, kAnthropicMarkersInChat, {}, kChat, kInclusiveOrBeside, kUsd, true, false},
    {kChatMarkers, {}, {}, kChat, kInclusive, kUsd, true, false},
    {kLlamaCppMarkers, {}, {}, kLlamaCpp, kCacheBeside, {}, false, false},
    {kLangfuseMarkers, {}, {}, kLangfuse, kDisjoint, {}, false, true},
    {kAnthropicMarkers, {}, {}, kAnthropic, kCacheBeside, kUsd, false, false},
    {kImagesMarkers, {}, kNotImages, kImages, kInclusive, kUsd, false, false},
    {kOllamaMarkers, {}, {}, kOllama, kInclusive, {}, false, false},
    {kResponsesMarkers, {}, {}, kResponses, kInclusive, kUsd, true, false},
    {kDurationMarkers, {}, {}, {}, kInclusive, {}, false, false},
    {kBedrockMarkers, {}, kNotBedrock, kBedrock, kCacheBeside, {}, false, false},
    {kSdkNestedMarkers, {}, {}, kSdkNested, kInclusive, {}, false, false},
    {kSdkMarkers, {}, {}, kSdk, kInclusiveOrBeside, {}, true, false},
    {kLobeChatMarkers, {}, {}, kLobeChat, kLobe, {}, true, false},
    {kInteractionsMarkers, {}, {}, kInteractions, kGoogle, {}, false, false},
    {kCohereMarkers, {}, {}, kCohere, kInclusive, kUsd, false, false},
    {kGenerationMarkers, {}, {}, kGeneration, kInclusive, kGenerationCost, false, false},
    {kPlainMarkers, {}, {}, kPlain, kInclusive, {}, false, false}};

constexpr Wrapper kWrappers[] = {{"", ""},
                                 {"usage_metadata", ""},
                                 {"usageMetadata", ""},
                                 {"usage", "message/usage"},
                                 {"message_delta/usage", "message_start/message/usage"},
                                 {"message_delta/usage", "message_start/usage"},
                                 {"response/usage", ""},
                                 {"response/usageMetadata", ""},
                                 {"response/body/usage", ""},   // OpenAI's batches
                                 {"result/message/usage", ""},  // Anthropic's
                                 {"response_metadata/token_usage", ""},
                                 {"response_metadata/tokenUsage", ""},
                                 {"response_metadata/usage", ""},
                                 {"token_usage", ""},
                                 {"tokenUsage", ""},
                                 {"totalUsage", ""},
                                 {"metadata/usage", ""},
                                 {"usage_details", ""},
                                 {"usageDetails", ""},
                                 {"usage_object", ""},
                                 {"metadata/usage_object", ""},
                                 {"info/usage", ""},
                                 {"data/usage_metadata", ""},
                                 {"kwargs/usage_metadata", ""},
                                 {"data", ""},
                                 {"meta", ""},
                                 {"delta/usage", ""},
                                 {"llmOutput/tokenUsage", ""},
                                 {"llm_output/token_usage", ""},
                                 {"x_groq/usage", ""},
                                 {"amazon-bedrock-invocationMetrics", ""},
                                 {"timings", ""}};

// Meters named as prices name them. What costs nothing, as Anthropic's web fetches, is none.
constexpr QuantityField kQuantities[] = {
    {"web_search", "server_tool_use/web_search_requests", false},
    {"web_search", "server_tool_use_details/web_search_requests", false},
    {"web_search", "server_side_tool_usage_details/web_search_calls", false},
    {"web_search", "webSearchRequests", false},
    {"web_search", "search_context_size=/num_search_queries", false},
    {"web_search_low", "search_context_size=low/num_search_queries", false},
    {"web_search_low", "search_context_size=low/search_context_size", true},
    {"web_search_medium", "search_context_size=medium/num_search_queries", false},
    {"web_search_medium", "search_context_size=medium/search_context_size", true},
    {"web_search_high", "search_context_size=high/num_search_queries", false},
    {"web_search_high", "search_context_size=high/search_context_size", true},
    {"search_source", "num_sources_used", false},
    {"x_search_call", "server_side_tool_usage_details/x_search_calls", false},
    {"file_search_call", "server_side_tool_usage_details/file_search_calls", false},
    {"citation", "citation_tokens", false},
    {"input_second", "type=duration/seconds", false},
    {"audio_input_second", "prompt_audio_seconds", false},
    {"query", "billed_units/search_units", false},
    {"query", "billedUnits/searchUnits", false},
    {"query", "search_units", false},
    {"classification", "billed_units/classifications", false},
    {"input_image_count", "billed_units/images", false}};

constexpr NameField kServiceTiers[] = {
    {"speed", "fast", "fast"},  // Anthropic's fast mode, priced as a tier
    {"service_tier", nullptr, nullptr},
    {"serviceTier", nullptr, nullptr},
    {"trafficType", "on_demand", "standard"},
    {"trafficType", "on_demand_priority", "priority"},
    {"trafficType", "on_demand_flex", "flex"},
    {"trafficType", "provisioned_throughput", nullptr},
    {"traffic_type", "on_demand", "standard"},
    {"traffic_type", "on_demand_priority", "priority"},
    {"traffic_type", "on_demand_flex", "flex"},
    {"traffic_type", "provisioned_throughput", nullptr},
    {"input_token_details/priority", nullptr, "priority"},
    {"input_token_details/flex", nullptr, "flex"},
    {"response_metadata/service_tier", nullptr, nullptr},
    {"response/service_tier", nullptr, nullptr}};

constexpr NameField kRegions[] = {{"inference_geo", "not_available", ""},
                                  {"inference_geo", nullptr, nullptr}};

// Adds the names in a path: of its members, and of those in its conditions.
void AddNames(const char* path, std::vector<std::string_view>* names) {
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::string_view step = rest.substr(0, rest.find('/'));
    names->push_back(step.substr(0, step.find('=')));
    rest.remove_prefix(std::min(step.size() + 1, rest.size()));
  }
}

std::vector<std::string_view> CollectNames() {
  std::vector<std::string_view> names;
  const auto add_all = [&](auto paths) {
    for (const char* path : paths) AddNames(path, &names);
  };
  const auto add_fields = [&](auto fields) {
    for (const auto& field : fields) AddNames(field.path, &names);
  };
  for (const Shape& shape : kShapes) {
    add_all(shape.markers);
    add_all(shape.also);
    add_all(shape.unless);
    add_fields(shape.fields);
    add_fields(shape.costs);
  }
  for (const Wrapper& wrapper : kWrappers) {
    AddNames(wrapper.path, &names);
    AddNames(wrapper.earlier, &names);
  }
  add_fields(std::span(kQuantities));
  add_fields(std::span(kServiceTiers));
  add_fields(std::span(kRegions));
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

std::span<const Shape> Shapes() { return kShapes; }
std::span<const Wrapper> Wrappers() { return kWrappers; }
std::span<const QuantityField> QuantityFields() { return kQuantities; }
std::span<const NameField> ServiceTierFields() { return kServiceTiers; }
std::span<const NameField> RegionFields() { return kRegions; }

const std::vector<std::string_view>& UsageNames() {
  static const std::vector<std::string_view> names = CollectNames();
  return names;
}

const char* LastName(const char* path) {
  const char* const slash = std::strrchr(path, '/');
  return slash == nullptr ? path : slash + 1;
}

}  // namespace tokenmeter::metering
