// Rewrites the tree of a regular expression into the form that runs, and that known patterns are told by.
#pragma once

#include "tokenizer/expression_tree.hpp"

namespace tokenmeter::tokenizer {

// Leaves nothing possessive, and makes equivalent ways of writing what known patterns consist of one.
// Throws DefinitionError where what is possessive cannot be said in another way.
void RewriteExpression(ExpressionNode* tree);

}  // namespace tokenmeter::tokenizer
