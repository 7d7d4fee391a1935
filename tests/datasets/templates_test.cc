#include "datasets/templates.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace rationale {
namespace {

Problem Asking(const std::string& prompt, const std::string& language = "") {
  Problem problem;
  problem.id = "p1";
  problem.prompt = prompt;
  problem.language = language;
  return problem;
}

Problem Saying(std::vector<Message> messages) {
  Problem problem;
  problem.id = "p1";
  problem.messages = std::move(messages);
  return problem;
}

// What `make` complains of; empty if it does not.
template <class F>
std::string ErrorOf(F make) {
  try {
    make();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(PromptTemplate, PlainIsThePromptItself) {
  const PromptTemplate plain("plain");
  EXPECT_EQ(plain.Prompt(Asking("what is {prompt} ?")), "what is {prompt} ?");
  EXPECT_TRUE(plain.add_special());
  EXPECT_EQ(plain.end(), "");
  EXPECT_EQ(PromptTemplate("plain", "Be brief.").Prompt(Asking("Why?")), "Be brief.\n\nWhy?");
}

TEST(PromptTemplate, R1ZeroAsksForTheTwoTags) {
  EXPECT_EQ(
      PromptTemplate("r1_zero").Prompt(Asking("1+1?", "de")),
      "A conversation between User and Assistant. The user asks a question, and the Assistant "
      "solves it. The assistant first thinks about the reasoning process in the mind and then "
      "provides the user with the answer. The reasoning process and answer are enclosed within "
      "<think> </think> and <answer> </answer> tags, respectively, i.e., <think> reasoning "
      "process here </think> <answer> answer here </answer>.\nUser: 1+1?\nAssistant:");
}

TEST(PromptTemplate, TheMultilingualR1ZeroNamesTheLanguage) {
  const PromptTemplate r1("r1_zero_multilingual");
  const std::string german = r1.Prompt(Asking("1+1?", "de"));
  EXPECT_NE(german.find("</answer>. Both the reasoning process and the answer are written in "
                        "German.\nUser: 1+1?"),
            std::string::npos)
      << german;
  EXPECT_NE(r1.Prompt(Asking("1+1?", "tlh")).find("written in tlh."), std::string::npos);
  EXPECT_EQ(
      ErrorOf([&] { r1.Prompt(Asking("1+1?")); }),
      "problem p1: the template names the language and the problem has none; set data.language or "
      "data.fields.language");
}

TEST(PromptTemplate, ChatMlOpensTheAssistantsTurn) {
  const PromptTemplate chatml("chatml");
  EXPECT_EQ(chatml.Prompt(Asking("Hi")), "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_FALSE(chatml.add_special());
  EXPECT_EQ(chatml.end(), "<|im_end|>");
}

// What transformers' apply_chat_template(..., add_generation_prompt=True) gives with
// HuggingFaceTB/SmolLM2-135M-Instruct.
TEST(PromptTemplate, SmolLm2BringsItsSystemPromptUnlessOneIsGiven) {
  EXPECT_EQ(PromptTemplate("smollm2").Prompt(Asking("Hi")),
            "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging "
            "Face<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(PromptTemplate("smollm2", "Be brief.").Prompt(Asking("Hi")),
            "<|im_start|>system\nBe "
            "brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
}

TEST(PromptTemplate, AChatHoldsEveryTurnAndItsOwnSystemMessageWins) {
  const Problem problem =
      Saying({{"system", "S"}, {"user", "A"}, {"assistant", "B"}, {"user", "C"}});
  EXPECT_EQ(PromptTemplate("qwen2.5", "other").Prompt(problem),
            "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nA<|im_end|>\n<|im_start|>"
            "assistant\nB<|im_end|>\n"
            "<|im_start|>user\nC<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(PromptTemplate("llama3").Prompt(problem),
            "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\nA<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\nB<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\nC<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n");
  EXPECT_EQ(PromptTemplate("deepseek").Prompt(problem),
            "<｜begin▁of▁sentence｜>S<｜User｜>A<｜Assistant｜>B<｜end▁of▁sentence｜><｜User｜>C<"
            "｜Assistant｜>");
}

TEST(PromptTemplate, Llama3TrimsAndDeepSeekForgetsEarlierThoughts) {
  const Problem problem =
      Saying({{"user", " A\n"}, {"assistant", "<think>x</think> B"}, {"user", "C"}});
  EXPECT_EQ(PromptTemplate("llama3").Prompt(problem),
            "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nA<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n<think>x</think> B<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\nC<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n");
  EXPECT_EQ(PromptTemplate("deepseek").Prompt(problem),
            "<｜begin▁of▁sentence｜><｜User｜> A\n<｜Assistant｜> "
            "B<｜end▁of▁sentence｜><｜User｜>C<｜Assistant｜>");
}

TEST(PromptTemplate, OnesOwnTextIsFilledInOnePass) {
  const PromptTemplate own("{system}|{language}|{language_name}|{prompt}|\\boxed{}|{other}",
                           "Answer in {language_name}");
  EXPECT_EQ(own.Prompt(Asking("{language}", "zh")),
            "Answer in Chinese|zh|Chinese|{language}|\\boxed{}|{other}");
  EXPECT_TRUE(own.add_special());
}

TEST(PromptTemplate, RefusesWhatItHasNoPlaceFor) {
  EXPECT_NE(ErrorOf([] { PromptTemplate("chatlm"); }).find("nearest: chatml"), std::string::npos);
  EXPECT_EQ(ErrorOf([] { PromptTemplate("r1_zero", "Be brief."); }),
            "data.system: the template 'r1_zero' has no place for a system prompt");
  const PromptTemplate plain("plain");
  const Problem turns = Saying({{"user", "A"}, {"assistant", "B"}, {"user", "C"}});
  EXPECT_NE(ErrorOf([&] { plain.Prompt(turns); }).find("problem p1: it has 3 turns"),
            std::string::npos);
  const Problem with_system = Saying({{"system", "S"}, {"user", "A"}});
  EXPECT_EQ(plain.Prompt(with_system), "S\n\nA");
  EXPECT_NE(ErrorOf([&] {
              PromptTemplate("r1_zero").Prompt(with_system);
            }).find("no place for its system message"),
            std::string::npos);
  const PromptTemplate chatml("chatml");
  EXPECT_NE(ErrorOf([&] {
              chatml.Prompt(Saying({{"user", "A"}, {"assistant", "B"}}));
            }).find("do not end"),
            std::string::npos);
  EXPECT_NE(ErrorOf([&] {
              chatml.Prompt(Saying({{"tool", "A"}}));
            }).find("'tool'"),
            std::string::npos);
  EXPECT_NE(ErrorOf([&] {
              chatml.Prompt(Saying({{"user", "A"}, {"system", "B"}}));
            }).find("not the first"),
            std::string::npos);
}

}  // namespace
}  // namespace rationale
