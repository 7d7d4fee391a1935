"""The module as its users call it. Run by rewards/python/check.sh with the wheel installed."""

import json
import os
import pathlib
import pickle
import tempfile
import threading
import unittest

import rationale_rewards as rr

GERMAN = "<think>Ich rechne zwei plus zwei und das ist vier.</think> <answer>4</answer>"
ENGLISH = "<think>I add two and two and that is four.</think> <answer>4</answer>"


class Trl(unittest.TestCase):
    def test_math_takes_lists_and_gives_a_list(self):
        scores = rr.math(
            prompts=["?"] * 3,
            completions=[r"\boxed{\frac{1}{2}}", "so it is 3", r"\boxed{4}"],
            completion_ids=[[1], [2], [3]],
            reference=["0.5", "4", None],
            trainer_state=None,
        )
        self.assertEqual(scores, [1.0, 0.0, None])

    def test_the_reference_may_have_any_usual_name_or_one_that_is_given(self):
        self.assertEqual(rr.math(completions=["4"], solution=[r"... so \boxed{4}"]), [1.0])
        self.assertEqual(rr.math(completions=["72"], answer=["6*12 = <<6*12=72>>72\n#### 72"]), [1.0])
        self.assertEqual(rr.math(completions=["4"], answer=[4]), [1.0])
        self.assertEqual(rr.reward("math", reference="key")(completions=["4"], key=["4"], answer=["5"]), [1.0])

    def test_a_missing_reference_is_an_error_and_no_zero(self):
        with self.assertRaisesRegex(TypeError, "no column of the reference .* there are: labels"):
            rr.math(completions=["4"], labels=["4"])

    def test_chat_messages_are_their_last_content(self):
        completion = [{"role": "assistant", "content": "4"}]
        self.assertEqual(
            rr.math(prompts=[[{"role": "user", "content": "2+2?"}]], completions=[completion], answer=["4"]), [1.0]
        )

    def test_language(self):
        scores = rr.language(completions=[GERMAN, ENGLISH, GERMAN], language=["de", "de", None])
        self.assertEqual(scores[0], 1.0)
        self.assertEqual(scores[1], 0.0)
        self.assertIsNone(scores[2])
        self.assertEqual(rr.reward("language", target="en")(completions=[ENGLISH]), [1.0])

    def test_code_runs_the_tests_in_the_jail(self):
        program = "```python\nprint(int(input()) + 1)\n```"
        tests = json.dumps({"inputs": ["1\n"], "outputs": ["2\n"]})
        scores = rr.code(completions=[program, program.replace("+ 1", "+ 2"), program], tests=[tests, tests, None])
        self.assertEqual(scores, [1.0, 0.0, None])

    def test_every_function_has_the_name_that_trainers_log(self):
        self.assertEqual([rr.math.__name__, rr.language.__name__, rr.format.__name__], ["math", "language", "format"])

    def test_length_uses_completion_ids(self):
        length = rr.reward("length", max_tokens=10)
        self.assertEqual(length(completions=["a", "b"], completion_ids=[[0] * 2, [0] * 11])[1], -1.0)


class Verl(unittest.TestCase):
    def test_compute_score(self):
        right = rr.compute_score("gsm8k", "#### 72", "72", {"split": "train"})
        self.assertEqual((right["score"], right["judged"], right["math"]), (1.0, 1.0, 1.0))
        self.assertEqual(rr.math(data_source="s", solution_str="3", ground_truth="72", extra_info=None)["score"], 0.0)
        self.assertEqual(rr.compute_score("s", "3", "", {})["judged"], 0.0)

    def test_the_language_is_in_extra_info(self):
        score = rr.language(data_source="s", solution_str=GERMAN, ground_truth="4", extra_info={"language": "de"})
        self.assertEqual(score["score"], 1.0)

    def test_batches(self):
        scores = rr.math(
            data_sources=["a", "b"], solution_strs=["1", "2"], ground_truths=["1", "1"], extra_infos=[None, {}]
        )
        self.assertEqual([score["score"] for score in scores], [1.0, 0.0])


class Rubrics(unittest.TestCase):
    TEXT = "[[rewards]]\nname = 'math'\n[[rewards]]\nname = 'format'\nweight = 0.5\n"

    def test_a_rubric_weighs_gates_and_gives_reasons(self):
        rubric = rr.rubric(self.TEXT)
        self.assertEqual(rubric(completions=[ENGLISH, "4"], answer=["4", "4"]), [1.5, 1.0])
        verdict = rr.rubric(self.TEXT + "gate = 1\n").judge("4", reference="4")
        self.assertTrue(verdict.judged)
        self.assertEqual(verdict.score, 0.0)
        self.assertEqual([component.name for component in verdict.components], ["math", "format"])
        self.assertIn("gate", verdict.components[1].reason)

    def test_from_a_file_and_by_the_trainers_step(self):
        class State:
            global_step = 5

        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "r.toml"
            path.write_text(
                "[[rewards]]\nname = 'math'\nschedule = [{step = 0, weight = 0}, {step = 10, weight = 1}]\n"
            )
            self.assertEqual(rr.rubric(path)(completions=["4"], answer=["4"], trainer_state=State()), [0.5])

    def test_responses_to_one_prompt_are_compared(self):
        text = "[[rewards]]\nname = 'math'\n[[rewards]]\nname = 'length'\nmode = 'adaptive'\n"
        scores = rr.rubric(text, max_tokens=100)(
            prompts=["p", "p", "q", "q"],
            completions=["7", "8", "7", "7"],
            completion_ids=[[0] * 10] * 4,
            answer=["7"] * 4,
        )
        for score, expected in zip(scores, [1 - 0.05, -0.05, 1 - 0.1, 1 - 0.1]):
            self.assertAlmostEqual(score, expected)

    def test_mistakes_are_named(self):
        with self.assertRaisesRegex(ValueError, "did you mean 'decimals'"):
            rr.reward("math", decimal=3)
        with self.assertRaisesRegex(ValueError, "did you mean 'math'"):
            rr.reward("maths")
        with self.assertRaisesRegex(TypeError, "completions are missing"):
            rr.math()

    def test_a_command_sees_the_columns(self):
        program = (
            "import json, sys\nfor line in sys.stdin:\n  q = json.loads(line)\n"
            "  print(json.dumps({'id': q['id'], 'score': float(q['fields']['n'])}), flush=True)"
        )
        command = rr.reward("command", command=["python3", "-uc", program], processes=1)
        self.assertEqual(command(completions=["a", "b"], n=[1, 2.5]), [1.0, 2.5])


class Robust(unittest.TestCase):
    def test_text_that_is_no_unicode_scalar(self):
        self.assertEqual(rr.math(completions=["\x00 \U0010ffff 4", ""], answer=["4", "4"])[1], 0.0)
        self.assertIsInstance(rr.math.judge("é" * 300 + "x", reference="1").components[0].reason, str)

    def test_pickles(self):
        again = pickle.loads(pickle.dumps(rr.reward("math", reference="key", decimals=2)))
        self.assertEqual(again(completions=["0.33"], key=["1/3"]), [1.0])

    def test_threads_agree_with_one(self):
        completions = [rf"\boxed{{{i}/7}}" for i in range(200)]
        answers = [f"{2 * i}/14" if i % 3 else "1/9" for i in range(200)]
        expected = rr.reward("math", threads=1)(completions=completions, answer=answers)
        self.assertEqual(expected, [1.0 if i % 3 else 0.0 for i in range(200)])
        results = []
        workers = [
            threading.Thread(target=lambda: results.append(rr.math(completions=completions, answer=answers)))
            for _ in range(4)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual(results, [expected] * 4)

    def test_after_a_fork(self):
        rr.math(completions=["1"] * 8, answer=["1"] * 8)
        read, write = os.pipe()
        if os.fork() == 0:
            os.write(write, json.dumps(rr.math(completions=["1"] * 8, answer=["1"] * 8)).encode())
            os._exit(0)
        os.close(write)
        with os.fdopen(read) as pipe:
            self.assertEqual(json.loads(pipe.read()), [1.0] * 8)
        os.wait()


if __name__ == "__main__":
    unittest.main()
