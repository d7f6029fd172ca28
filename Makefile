# Builds, installs and tests the extension with PGXS. The engine alone: CMakeLists.txt.
#   make && make install     needs the server's headers, a C++20 compiler, nlohmann-json, utf8proc
#   make installcheck        on a running server where it is installed; scripts/check does it all
#   PG_CONFIG=/path/to/pg_config chooses the server

EXTENSION  = tokenmeter
EXTVERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" tokenmeter.control)
MODULE_big = tokenmeter

VOCABULARIES   = o200k_base cl100k_base p50k_base r50k_base
IMAGES         = $(VOCABULARIES:%=build/%.image) build/unicode.image build/normalization.image
COMPILER_PARTS = $(wildcard src/engine/tokenizer/compile*.cpp)
ENGINE_SOURCES = $(filter-out $(COMPILER_PARTS),$(wildcard src/engine/*/*.cpp src/engine/*/*/*.cpp))
# What the build's compiler of images has in common with the engine, which compiles the encodings that are loaded.
IMAGE_SOURCES  = $(addprefix src/engine/tokenizer/,image_compiler.cpp vocabulary_layout.cpp unigram.cpp token_index.cpp \
                 load/rank_file.cpp load/base64.cpp load/load_error.cpp)
PG_SOURCES     = $(wildcard src/pg/*.c)

OBJS = $(PG_SOURCES:.c=.o) $(ENGINE_SOURCES:.cpp=.o) src/engine/tokenizer/images.o
DATA_built = $(EXTENSION)--$(EXTVERSION).sql
DATA       = $(wildcard src/sql/upgrade/*--*--*.sql)

REGRESS_OPTS   = --load-extension=$(EXTENSION)
REGRESS        = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
ISOLATION      = $(patsubst test/specs/%.spec,%,$(sort $(wildcard test/specs/*.spec)))
ISOLATION_OPTS = --load-extension=$(EXTENSION) --inputdir=test --outputdir=test/output_iso
TAP_TESTS      = 1
PROVE_TESTS    = test/t/*.pl
EXTRA_CLEAN    = build src/pg/exports.list test/output_iso tmp_check $(DATA_built) $(OBJS:.o=.d)

# The server's headers come as system headers: warnings are about our own code.
PG_CPPFLAGS  = -Isrc/engine -isystem $(shell $(PG_CONFIG) --includedir-server) -MMD -MP
PG_CFLAGS    = -std=gnu11 -Wall -Wextra
PG_CXXFLAGS  = -std=c++20 -Wall -Wextra -fvisibility=hidden
# Only what src/pg/exports.txt names leaves the library. libstdc++ goes inside, hidden too: it costs a
# new connection no second library to load, and cannot meet another extension's copy.
SHLIB_EXPORTS = src/pg/exports.txt
SHLIB_LINK   += -Wl,--exclude-libs,ALL -l:libutf8proc.a -l:libstdc++.a
# The functions do their work in the engine; there is nothing for the server's JIT to inline.
override with_llvm = no

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

ifeq ($(shell test $(basename $(MAJORVERSION)) -ge 15 2>/dev/null && echo yes),)
$(error tokenmeter needs PostgreSQL 15 or later; $(PG_CONFIG) is of version $(VERSION))
endif

# Vocabularies to images, after a check of what is vendored.
build/vocab.verified: $(wildcard vocab/*)
	mkdir -p build
	vocab/verify
	touch $@

build/compile_image: $(COMPILER_PARTS) $(IMAGE_SOURCES) $(wildcard src/engine/tokenizer/*.hpp src/engine/tokenizer/*/*.hpp)
	mkdir -p build
	$(CXX) -std=c++20 -O2 -Wall -Wextra -Isrc/engine -o $@ $(COMPILER_PARTS) $(IMAGE_SOURCES) -l:libutf8proc.a

build/unicode.image: build/compile_image build/vocab.verified
	$< unicode vocab/unicode-16.0.0.tsv $@

build/normalization.image: build/compile_image build/vocab.verified
	$< normalization vocab/normalizer-unicode.tsv $@

build/%.image: build/compile_image build/vocab.verified
	$< vocabulary $* vocab $@

src/engine/tokenizer/images.o: src/engine/tokenizer/images.S $(IMAGES) vocab/properties.tsv
	$(CC) -Ibuild -Ivocab -c -o $@ $<

# The install script: the topic files in order, and the price book as rows. It is run in databases of any encoding, so
# characters that are not ASCII become references, as HTML has them: they may only stand in what is HTML.
build/prices.sql: prices/to_sql $(wildcard prices/*.csv)
	mkdir -p build
	prices/to_sql $(sort $(wildcard prices/*.csv)) > $@

$(DATA_built): $(sort $(wildcard src/sql/*.sql)) build/prices.sql tokenmeter.control
	cat $(sort $(wildcard src/sql/*.sql)) build/prices.sql | perl -CSD -pe 's/([^\x00-\x7F])/sprintf "&#%d;", ord $$1/ge' > $@

-include $(wildcard $(OBJS:.o=.d))
