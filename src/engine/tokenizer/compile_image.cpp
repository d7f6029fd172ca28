// The build tool around the image compiler:
//   compile_image unicode RANGES.tsv IMAGE
//   compile_image normalization RANGES.tsv IMAGE
//   compile_image vocabulary NAME VOCAB_FOLDER IMAGE
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "tokenizer/compile_normalization.hpp"
#include "tokenizer/compiler.hpp"

namespace {

using tokenmeter::tokenizer::CompileError;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw CompileError("cannot read " + path);
  return text.str();
}

void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  file.close();
  if (!file) throw CompileError("cannot write " + path);
}

std::string CompileVocabularyFolder(const std::string& name, const std::string& folder) {
  using namespace tokenmeter::tokenizer;
  const auto encodings =
      ReadEncodings(name, ReadFile(folder + "/encodings.tsv"), ReadFile(folder + "/special_tokens.tsv"));
  return CompileVocabulary(ReadTiktoken(ReadFile(folder + "/" + name + ".tiktoken")), encodings);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (arguments.size() == 3 && arguments[0] == "unicode") {
      WriteFile(arguments[2], tokenmeter::tokenizer::CompileUnicode(ReadFile(arguments[1])));
    } else if (arguments.size() == 3 && arguments[0] == "normalization") {
      WriteFile(arguments[2], tokenmeter::tokenizer::CompileNormalizationTable(ReadFile(arguments[1])));
    } else if (arguments.size() == 4 && arguments[0] == "vocabulary") {
      WriteFile(arguments[3], CompileVocabularyFolder(arguments[1], arguments[2]));
    } else {
      std::cerr << "usage: compile_image unicode RANGES.tsv IMAGE\n"
                   "       compile_image normalization RANGES.tsv IMAGE\n"
                   "       compile_image vocabulary NAME VOCAB_FOLDER IMAGE\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << "compile_image: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
