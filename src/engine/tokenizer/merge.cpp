#include "tokenizer/merge.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "tokenizer/utf8.hpp"

// Everything is inlined into the functions at the end, which have each their target: code for newer
// processors is never shared with older ones.
#define INLINE __attribute__((always_inline)) inline

namespace tokenmeter::tokenizer {
namespace {

// One job, one merge at a time. A step begins the look-ups that the next one needs, so that several lanes,
// stepped in turn, wait for memory together and not one after another.
class Lane {
 public:
  INLINE void Start(const Vocabulary& vocabulary, const MergeJob& job);

  // Takes in what the last step has looked up. Some time should pass before the next step: it reads with
  // vector instructions what this writes, and that has to reach the cache.
  INLINE void FinishLookUps();

  // Merges the pair that comes next. Returns false if there is none any more: the tokens are settled.
  INLINE bool Step(const Vocabulary& vocabulary);

  INLINE MergeResult Result(MergeWish wish) const {
    MergeResult result{token_count_, 0};
    if (wish == MergeWish::kCounts) return result;
    for (uint64_t rest = alive_; rest != 0; rest &= rest - 1) {
      result.starts |= uint64_t{1} << starts_[std::countr_zero(rest)];
    }
    return result;
  }

 private:
  // What two neighbours merge into and where the left one stands, in one number: the lowest merges first,
  // and of equals the leftmost. Signed, since all vector instructions compare signed numbers.
  using Candidate = int32_t;
  static constexpr int kPlaceBits = 7;
  static constexpr Candidate kNoMerge = INT32_MAX;
  static_assert(kTokenBits + kPlaceBits < 31);
  static INLINE Candidate MakeCandidate(TokenId merged, size_t place) {
    return merged == kNoToken ? kNoMerge
                              : static_cast<Candidate>(merged << kPlaceBits | static_cast<uint32_t>(place));
  }

  // A look-up under way: what the node at `place` and the next one merge into.
  struct LookUp {
    const uint64_t* slot;
    uint64_t key;
    size_t place;
  };
  INLINE LookUp Begin(const Vocabulary& vocabulary, size_t left, size_t right) const {
    const uint64_t key = PairKey(nodes_[left], nodes_[right]);
    return {vocabulary.PrefetchPair(key), key, left};
  }
  // Whether a pair merges nobody can predict, so no branch decides it.
  INLINE void Finish(const LookUp& look_up) {
    const uint64_t slot = *look_up.slot;
    const auto candidate = static_cast<Candidate>((slot & kNoSuchToken) << kPlaceBits | look_up.place);
    const Candidate hit = -static_cast<Candidate>(HoldsPair(slot, look_up.key));
    candidates_[look_up.place] = (candidate & hit) | (kNoMerge & ~hit);
  }

  INLINE void AddBytes(const Vocabulary& vocabulary, const MergeJob& job, size_t from, size_t to) {
    const size_t first = node_count_;
    for (size_t i = 0; i < to - from; ++i) {
      starts_[first + i] = static_cast<uint8_t>(from + i);
      nodes_[first + i + 1] = vocabulary.ByteToken(static_cast<uint8_t>(job.bytes[from + i]));
    }
    node_count_ = first + (to - from);
  }
  INLINE void AddCharacters(const Vocabulary& vocabulary, const MergeJob& job);
  INLINE Candidate Lowest() const;

  // A node is a byte, or a character that may stand for its bytes; merged nodes are alive in the leftmost.
  size_t node_count_ = 0;
  uint32_t token_count_ = 0;
  uint64_t alive_ = 0;
  LookUp behind_;  // of the last merge's node and the next one
  LookUp before_;  // of the previous node and the last merge's
  // By place: node i is at place i + 1. The first and the last place are edges, which merge with nothing.
  static constexpr TokenId kEdge = kNoSuchToken;
  TokenId nodes_[1 + MergeJob::kLongest + 1];
  // Of the node at a place with the next one that is alive. Looked through in groups.
  static constexpr size_t kGroup = 16;
  typedef Candidate Vector __attribute__((vector_size(kGroup / 2 * sizeof(Candidate))));
  struct Group {
    Vector first;
    Vector second;
  } __attribute__((packed, may_alias));
  Candidate candidates_[1 + MergeJob::kLongest + kGroup];
  uint8_t starts_[MergeJob::kLongest];  // of each node, the byte that it starts at
};

INLINE bool IsAscii(char byte) { return static_cast<signed char>(byte) >= 0; }

// Nodes of text that is not all ASCII: characters that may stand for their bytes do so, see
// CharacterRecord.
INLINE void Lane::AddCharacters(const Vocabulary& vocabulary, const MergeJob& job) {
  CharacterRecord records[MergeJob::kLongest];  // a character that must not stand for its bytes has none
  uint8_t starts[MergeJob::kLongest + 1];
  size_t count = 0;
  for (size_t at = 0; at < job.length; ++count) {
    const DecodedCharacter character = DecodeCharacter(job.bytes + at, job.bytes + job.length);
    starts[count] = static_cast<uint8_t>(at);
    if (IsAscii(job.bytes[at])) {
      const TokenId token = vocabulary.ByteToken(static_cast<uint8_t>(job.bytes[at]));
      records[count].value = token << CharacterRecord::kFlagBits | CharacterRecord::kAllFlags;
    } else if (character.length == 2 || character.length == 3) {
      records[count] = vocabulary.Character(character.code_point);
    } else if (character.length == 4) {
      records[count] = vocabulary.LongCharacter(job.bytes + at);
    } else {
      records[count].value = 0;
    }
    at += character.length;
  }
  starts[count] = static_cast<uint8_t>(job.length);

  // From the last character to the first: whether one stands for its bytes depends on whether the next
  // does.
  uint32_t right = CharacterRecord::kRight;
  for (size_t i = count; i-- > 0;) {
    const uint32_t left = i == 0                              ? 0
                          : IsAscii(job.bytes[starts[i] - 1]) ? CharacterRecord::kLeftOfAscii
                                                              : CharacterRecord::kLeftOfOthers;
    const uint32_t wanted = left | right;
    const bool whole = (records[i].value & wanted) == wanted;
    if (!whole) records[i].value = 0;
    right = whole ? CharacterRecord::kRight : CharacterRecord::kRightOfAny;
  }

  for (size_t i = 0; i < count; ++i) {
    if (records[i].value != 0) {
      starts_[node_count_++] = starts[i];
      nodes_[node_count_] = records[i].token();
    } else {
      AddBytes(vocabulary, job, starts[i], starts[i + 1]);
    }
  }
}

INLINE bool IsAllAscii(const MergeJob& job) {
  uint64_t any = 0;
  size_t at = 0;
  for (; at + sizeof any <= job.length; at += sizeof any) {
    uint64_t word;
    std::memcpy(&word, job.bytes + at, sizeof word);
    any |= word;
  }
  for (; at < job.length; ++at) any |= static_cast<uint8_t>(job.bytes[at]);
  return (any & 0x8080808080808080) == 0;
}

INLINE void Lane::Start(const Vocabulary& vocabulary, const MergeJob& job) {
  static constexpr uint64_t kNoSlot = kEmptyPairSlot;
  node_count_ = 0;
  nodes_[0] = nodes_[MergeJob::kLongest + 1] = kEdge;
  const auto byte = [&job](size_t at) { return static_cast<uint8_t>(job.bytes[at]); };
  if (IsAllAscii(job)) {
    AddBytes(vocabulary, job, 0, job.length);
    for (size_t i = 0; i + 1 < job.length; ++i) {
      candidates_[i + 1] = MakeCandidate(vocabulary.MergeBytes(byte(i), byte(i + 1)), i + 1);
    }
  } else {
    AddCharacters(vocabulary, job);
    for (size_t i = 1; i < node_count_; ++i) Finish(Begin(vocabulary, i, i + 1));
  }
  auto* behind_last = reinterpret_cast<Group*>(candidates_ + node_count_);
  behind_last->first = behind_last->second = Vector{} + kNoMerge;
  token_count_ = static_cast<uint32_t>(node_count_);
  alive_ = ~uint64_t{0} >> (64 - node_count_);
  behind_ = before_ = {&kNoSlot, 0, 0};
}

// Whole groups are looked through: the end of a loop of unforeseen length costs more than they do.
INLINE Lane::Candidate Lane::Lowest() const {
  typedef Candidate Half __attribute__((vector_size(kGroup / 4 * sizeof(Candidate))));
  const auto* groups = reinterpret_cast<const Group*>(candidates_ + 1);
  Vector lowest = groups->first < groups->second ? groups->first : groups->second;
  for (size_t i = 1; i * kGroup < node_count_; ++i) {
    const Vector lower = groups[i].first < groups[i].second ? groups[i].first : groups[i].second;
    lowest = lower < lowest ? lower : lowest;
  }
  const Half low = __builtin_shufflevector(lowest, lowest, 0, 1, 2, 3);
  const Half high = __builtin_shufflevector(lowest, lowest, 4, 5, 6, 7);
  // To the end in vectors: the compiler would make branches of anything else.
  const auto fold = [](Half x, Half y) __attribute__((always_inline)) { return x < y ? x : y; };
  const Half half = fold(low, high);
  const Half quarter = fold(half, __builtin_shufflevector(half, half, 2, 3, 0, 1));
  return fold(quarter, __builtin_shufflevector(quarter, quarter, 1, 0, 3, 2))[0];
}

INLINE void Lane::FinishLookUps() {
  Finish(behind_);
  Finish(before_);
}

// Which pair merges is as good as random, so there is no branch in it.
INLINE bool Lane::Step(const Vocabulary& vocabulary) {
  const Candidate lowest = Lowest();
  if (lowest == kNoMerge) return false;

  const auto place = static_cast<size_t>(lowest & ((1 << kPlaceBits) - 1));
  const uint64_t node = uint64_t{1} << (place - 1);
  nodes_[place] = static_cast<TokenId>(lowest >> kPlaceBits);
  uint64_t behind = alive_ & ~(node | (node - 1));
  candidates_[1 + std::countr_zero(behind)] = kNoMerge;
  alive_ ^= behind & -behind;
  behind &= behind - 1;
  --token_count_;
  const auto next = static_cast<size_t>(1 + std::countr_zero(behind));
  const auto previous = static_cast<size_t>(64 - std::countl_zero(alive_ & (node - 1)));
  behind_ = Begin(vocabulary, place, next);
  before_ = Begin(vocabulary, previous, place);
  return true;
}

INLINE void MergeInLanes(const Vocabulary& vocabulary, std::span<const MergeJob> jobs, MergeWish wish,
                         MergeResult* results) {
  constexpr size_t kLanes = 8;
  Lane lanes[kLanes];
  // The lanes at work are those of the first `active` of these.
  struct Worker {
    Lane* lane;
    size_t job;
  } workers[kLanes];
  for (size_t i = 0; i < kLanes; ++i) workers[i].lane = &lanes[i];
  for (size_t next = 0, active = 0;;) {
    while (active < kLanes && next < jobs.size()) {
      Worker& worker = workers[active++];
      worker.job = next++;
      worker.lane->Start(vocabulary, jobs[worker.job]);
    }
    if (active == 0) return;
    for (size_t i = 0; i < active; ++i) workers[i].lane->FinishLookUps();
    for (size_t i = 0; i < active; ++i) {
      const Worker worker = workers[i];
      if (worker.lane->Step(vocabulary)) continue;
      results[worker.job] = worker.lane->Result(wish);
      workers[i] = workers[--active];
      workers[active] = worker;
    }
  }
}

}  // namespace

void MergePortably(const Vocabulary& vocabulary, std::span<const MergeJob> jobs, MergeWish wish,
                   MergeResult* results) {
  MergeInLanes(vocabulary, jobs, wish, results);
}

#if defined(__x86_64__)
__attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt"))) void MergeByAvx2(const Vocabulary& vocabulary,
                                                                       std::span<const MergeJob> jobs,
                                                                       MergeWish wish,
                                                                       MergeResult* results) {
  MergeInLanes(vocabulary, jobs, wish, results);
}
#endif

}  // namespace tokenmeter::tokenizer
