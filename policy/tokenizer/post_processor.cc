#include "policy/tokenizer/post_processor.h"

#include <string>

#include "base/error.h"
#include "policy/tokenizer/parts.h"

namespace rationale {
namespace {

PostProcessor MakeByteLevel(const JsonObject&) {
  return {};
}

PostProcessor MakeTemplate(const JsonObject& json) {
  PostProcessor result;
  bool behind_text = false;
  for (const JsonObject& item : ObjectsOf(json, "single")) {
    if (item.Has("Sequence")) {
      const auto id = item.Object("Sequence").Get<std::string>("id");
      if (behind_text || id != "A") {
        throw Error("{}: Sequence: found '{}', allowed: 'A', once", item.where(), id);
      }
      behind_text = true;
      continue;
    }
    const auto name = item.Object("SpecialToken").Get<std::string>("id");
    const auto ids = json.Object("special_tokens").Object(name).Get<std::vector<int32_t>>("ids");
    std::vector<int32_t>& side = behind_text ? result.after : result.before;
    side.insert(side.end(), ids.begin(), ids.end());
  }
  if (!behind_text) throw Error("{}: single: no Sequence in it", json.where());
  return result;
}

// Each processor's tokens lie outside those of the one before.
PostProcessor MakeSequence(const JsonObject& json) {
  PostProcessor result;
  for (const PostProcessor& step :
       MakeParts<PostProcessor>(json, "processors", MakePostProcessor)) {
    result.before.insert(result.before.begin(), step.before.begin(), step.before.end());
    result.after.insert(result.after.end(), step.after.begin(), step.after.end());
  }
  return result;
}

}  // namespace

PostProcessor MakePostProcessor(const JsonObject& json) {
  static constexpr PartMaker<PostProcessor> kMakers[] = {
      {"TemplateProcessing", MakeTemplate},
      {"ByteLevel", MakeByteLevel},
      {"Sequence", MakeSequence},
  };
  return MakePart<PostProcessor>(json, kMakers);
}

}  // namespace rationale
