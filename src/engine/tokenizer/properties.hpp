// Unicode properties by name, from the table vocab/properties.tsv, which is linked as it is. Asked only
// while a definition is compiled; each answer reads some of the table.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "tokenizer/code_points.hpp"

namespace tokenmeter::tokenizer {

// Of Unicode 16.0: general categories, scripts and some binary properties, by short or long name; case,
// spaces, hyphens and underscores do not matter. The names in parentheses of the table are known too.
std::optional<CodePointSet> FindProperty(std::string_view name);

// The same where the name is known to be there.
CodePointSet Property(std::string_view name);

// The set with all that simple case folding makes equal to something in it.
CodePointSet CloseUnderCase(const CodePointSet& set);

// Scripts of Unicode 9.0 as small numbers, as Hugging Face's UnicodeScripts groups them; 0 fits any.
std::vector<uint8_t> ScriptNumbers();

}  // namespace tokenmeter::tokenizer
