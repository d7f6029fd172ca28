// What an entry says of a call's tokens: which of the reported and counted numbers are billed.
#include <algorithm>

#include "metering/metering.h"

namespace {

bool IsKnown(int64_t tokens) { return tokens != TM_NOT_REPORTED; }

int64_t OrZero(int64_t tokens) { return IsKnown(tokens) ? tokens : 0; }

TmEntryStatus TakeReportedInput(const TmCallTokens& call, TmMeters* reported) {
  const bool in_columns = IsKnown(call.columns.input) || !IsKnown(call.usage.input);
  const TmMeters& from = in_columns ? call.columns : call.usage;
  reported->input = from.input;
  reported->cache_read = from.cache_read;
  reported->cache_write = from.cache_write;
  reported->cache_write_1h = from.cache_write_1h;
  const bool parts_beside = IsKnown(call.columns.cache_read) || IsKnown(call.columns.cache_write) ||
                            IsKnown(call.columns.cache_write_1h);
  return !in_columns && parts_beside ? TM_ENTRY_MIXED_INPUT : TM_ENTRY_OK;
}

TmEntryStatus TakeReportedOutput(const TmCallTokens& call, TmMeters* reported) {
  const bool in_columns = IsKnown(call.columns.output) || !IsKnown(call.usage.output);
  const TmMeters& from = in_columns ? call.columns : call.usage;
  reported->output = from.output;
  reported->reasoning = from.reasoning;
  return !in_columns && IsKnown(call.columns.reasoning) ? TM_ENTRY_MIXED_OUTPUT : TM_ENTRY_OK;
}

// A usage object's total of output has the reasoning in it, if it does not say how much that was.
bool OutputHasReasoning(const TmCallTokens& call, const TmMeters& reported) {
  return !IsKnown(call.columns.output) && IsKnown(reported.output) && !IsKnown(reported.reasoning);
}

// Where billed numbers come from, added up.
class Method {
 public:
  // The billed number: the reported one, else the counted one.
  int64_t Choose(int64_t reported, const TmCountedTokens& counted) {
    if (IsKnown(reported)) {
      Add("reported");
    } else if (IsKnown(counted.tokens)) {
      Add(counted.is_estimated ? "estimated" : "counted");
    }
    return IsKnown(reported) ? reported : counted.tokens;
  }

  const char* name() const { return name_; }

 private:
  // The names are the same pointers, being literals of this class only.
  void Add(const char* origin) {
    static constexpr const char* kMixed = "mixed";
    name_ = name_ == nullptr || name_ == origin ? origin : kMixed;
  }

  const char* name_ = nullptr;
};

bool IsMissing(int64_t reported, const TmCountedTokens& counted) {
  return counted.has_text && !IsKnown(reported) && !IsKnown(counted.tokens);
}

// What is left of a counted prompt when its cached parts, which are reported, are taken off.
int64_t WithoutCached(int64_t prompt, const TmMeters& reported) {
  if (!IsKnown(prompt)) return prompt;
  const int64_t cached =
      OrZero(reported.cache_read) + OrZero(reported.cache_write) + OrZero(reported.cache_write_1h);
  return std::max<int64_t>(prompt - cached, 0);
}

}  // namespace

TmEntryStatus tm_entry_tokens(const TmCallTokens* call, TmEntryTokens* entry) {
  TmMeters& reported = entry->reported;
  const TmEntryStatus input_status = TakeReportedInput(*call, &reported);
  const TmEntryStatus output_status = TakeReportedOutput(*call, &reported);
  if (input_status != TM_ENTRY_OK) return input_status;
  if (output_status != TM_ENTRY_OK) return output_status;

  const bool reasoning_is_in_output = OutputHasReasoning(*call, reported);
  TmCountedTokens reasoning = call->reasoning;
  if (reasoning_is_in_output) reasoning.tokens = TM_NOT_REPORTED;

  Method method;
  entry->billed = reported;
  entry->billed.input = method.Choose(reported.input, call->input);
  if (!IsKnown(reported.input)) entry->billed.input = WithoutCached(entry->billed.input, reported);
  entry->billed.output = method.Choose(reported.output, call->output);
  entry->billed.reasoning = method.Choose(reported.reasoning, reasoning);
  entry->method = method.name();
  entry->complete = !IsMissing(reported.input, call->input) && !IsMissing(reported.output, call->output) &&
                    (reasoning_is_in_output || !IsMissing(reported.reasoning, reasoning));
  return TM_ENTRY_OK;
}
