// Which of the reported and counted numbers of tokens an entry bills.
#include <gtest/gtest.h>

#include <string>

#include "metering/metering.h"

namespace {

constexpr int64_t kNone = TM_NOT_REPORTED;
constexpr TmMeters kNothing{kNone, kNone, kNone, kNone, kNone, kNone};
constexpr TmCountedTokens kNoText{kNone, false, false};

TmCallTokens Call() {
  return {.columns = kNothing, .usage = kNothing, .input = kNoText, .output = kNoText, .reasoning = kNoText};
}

TmCountedTokens Counted(int64_t tokens) { return {tokens, true, false}; }

// "input cache_read cache_write cache_write_1h output reasoning method", - where there is no number.
std::string Billed(const TmCallTokens& call) {
  TmEntryTokens entry;
  switch (tm_entry_tokens(&call, &entry)) {
    case TM_ENTRY_OK: break;
    case TM_ENTRY_MIXED_INPUT: return "mixed input";
    case TM_ENTRY_MIXED_OUTPUT: return "mixed output";
  }
  std::string text;
  for (const int64_t tokens : {entry.billed.input, entry.billed.cache_read, entry.billed.cache_write,
                               entry.billed.cache_write_1h, entry.billed.output, entry.billed.reasoning}) {
    text += (tokens == kNone ? "-" : std::to_string(tokens)) + " ";
  }
  return text + (entry.method != nullptr ? entry.method : "-") + (entry.complete ? "" : " incomplete");
}

TEST(EntryTokens, NothingIsKnownOfNothing) { EXPECT_EQ(Billed(Call()), "- - - - - - -"); }

TEST(EntryTokens, TheReportedNumberIsBilled) {
  TmCallTokens call = Call();
  call.input = Counted(7);
  call.output = Counted(3);
  EXPECT_EQ(Billed(call), "7 - - - 3 - counted");
  call.usage = {0, kNone, kNone, kNone, 5, kNone};
  EXPECT_EQ(Billed(call), "0 - - - 5 - reported") << "a reported 0 is a report";
  call.columns.input = 9;
  EXPECT_EQ(Billed(call), "9 - - - 5 - reported") << "columns go before the usage object";
  call.usage.output = kNone;
  EXPECT_EQ(Billed(call), "9 - - - 3 - mixed");
}

TEST(EntryTokens, CachedTokensAreTakenOffACountedPrompt) {
  TmCallTokens call = Call();
  call.input = Counted(100);
  call.columns.cache_read = 30;
  call.columns.cache_write = 20;
  EXPECT_EQ(Billed(call), "50 30 20 - - - counted");
  call.columns.cache_write_1h = 90;
  EXPECT_EQ(Billed(call), "0 30 20 90 - - counted") << "never below 0";
}

TEST(EntryTokens, PartsOfATotalElsewhereAreNotClear) {
  TmCallTokens call = Call();
  call.usage = {100, kNone, kNone, kNone, 10, kNone};
  call.columns.cache_read = 30;
  EXPECT_EQ(Billed(call), "mixed input");
  call.columns.cache_read = kNone;
  call.columns.reasoning = 3;
  EXPECT_EQ(Billed(call), "mixed output");
  call.columns.output = 7;
  EXPECT_EQ(Billed(call), "100 - - - 7 3 reported");
}

TEST(EntryTokens, ReasoningInATotalIsNotCountedAgain) {
  TmCallTokens call = Call();
  call.usage.output = 100;
  call.reasoning = Counted(64);
  EXPECT_EQ(Billed(call), "- - - - 100 - reported");
  call.usage = kNothing;
  call.columns.output = 100;
  EXPECT_EQ(Billed(call), "- - - - 100 64 mixed") << "a column's output is without reasoning";
}

TEST(EntryTokens, WhatCannotBeCountedIsMissing) {
  TmCallTokens call = Call();
  call.input = {kNone, true, false};
  EXPECT_EQ(Billed(call), "- - - - - - - incomplete");
  call.usage.input = 5;
  EXPECT_EQ(Billed(call), "5 - - - - - reported");
  call.reasoning = {kNone, true, false};
  EXPECT_EQ(Billed(call), "5 - - - - - reported incomplete");
  call.usage.output = 9;
  EXPECT_EQ(Billed(call), "5 - - - 9 - reported") << "it is in the output";
}

TEST(EntryTokens, EstimatesAreCalledSo) {
  TmCallTokens call = Call();
  call.input = {12, true, true};
  EXPECT_EQ(Billed(call), "12 - - - - - estimated");
  call.output = Counted(3);
  EXPECT_EQ(Billed(call), "12 - - - 3 - mixed");
}

}  // namespace
