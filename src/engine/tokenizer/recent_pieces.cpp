#include "tokenizer/recent_pieces.hpp"

#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace tokenmeter::tokenizer {
namespace {

// The vocabularies that one thread remembers pieces of.
class Shelf {
 public:
  ~Shelf() {
    for (Place& place : places_) std::free(place.pieces);
  }

  RecentPieces& Find(const ImageHeader* owner) {
    for (const Place& place : places_) {
      if (place.owner == owner) return *place.pieces;
    }
    Place& place = places_[std::exchange(next_, (next_ + 1) % kPlaces)];
    if (place.pieces != nullptr) {
      std::memset(static_cast<void*>(place.pieces), 0, sizeof(RecentPieces));
    } else {
      // Fresh pages of zeros are empty slots, and cost nothing before they are used.
      place.pieces = static_cast<RecentPieces*>(std::calloc(1, sizeof(RecentPieces)));
      if (place.pieces == nullptr) throw std::bad_alloc();
    }
    place.owner = owner;
    return *place.pieces;
  }

 private:
  // One query may well count in several encodings.
  static constexpr size_t kPlaces = 4;
  struct Place {
    const ImageHeader* owner = nullptr;
    RecentPieces* pieces = nullptr;
  };

  Place places_[kPlaces];
  size_t next_ = 0;
};

}  // namespace

RecentPieces& RecentPieces::Of(const Vocabulary& vocabulary) {
  static thread_local Shelf shelf;
  return shelf.Find(&vocabulary.header());
}

}  // namespace tokenmeter::tokenizer
