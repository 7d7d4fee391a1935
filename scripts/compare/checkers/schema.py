"""The JSON schema reward beside the official JSON-Schema-Test-Suite and the validator `jsonschema`.

A schema that the reward refuses (a keyword it does not know, a remote reference) is counted as known: it says so and
judges nothing. What it judges has to be right, by the rules of the draft that the suite's folder names."""

import json
import os
import pathlib
import re

import jsonschema

from score import Tally, component, generator, judge

RUBRIC = '[[rewards]]\nname = "json_schema"\ncolumn = "schema"\n'
OLD = ("draft4", "draft6", "draft7")
NAMES = {draft: f"http://json-schema.org/draft-0{draft[-1]}/schema#" for draft in OLD}
NAMES.update({draft: f"https://json-schema.org/draft/{draft[5:]}/schema" for draft in ("draft2019-09", "draft2020-12")})
VALIDATORS = {"draft4": jsonschema.Draft4Validator, "draft6": jsonschema.Draft6Validator, "draft7": jsonschema.Draft7Validator,
              "draft2019-09": jsonschema.Draft201909Validator, "draft2020-12": jsonschema.Draft202012Validator}


def compare(tally, cases):
    """`cases`: (schema, instance, is it valid?)"""
    cases = list(cases)
    rows = [{"response": json.dumps(instance), "schema": json.dumps(schema)} for schema, instance, _ in cases]
    for (schema, instance, valid), verdict in zip(cases, judge(RUBRIC, rows)):
        score, reason = component(verdict, "json_schema")
        tally.add(score, float(valid), lambda: known(schema, instance, score, reason), [schema, instance, reason])
    return tally


def known(schema, instance, score, reason):
    """Why a verdict differs on purpose; None if it does not."""
    if score is None:
        return "refused: " + re.sub(r"^schema: the schema's |(?<=ref) '[^']*'|(?<=id) '[^']*'", "", reason)
    schema, instance = json.dumps(schema), json.dumps(instance)
    if "multipleOf" in schema and "1e+300" in instance:
        return "multiples are told of decimals: 1e300 is none of 3, the nearest double is"
    if "draft-04" in schema and '"integer"' in schema and re.search(r"\.0|e\+", instance):
        return "1.0 is an integer, in draft 4 it is none"
    return None


def suite_cases(folder):
    for file in sorted(folder.glob("*.json")):
        for group in json.loads(file.read_text(encoding="utf-8")):
            made = group["schema"]
            if isinstance(made, dict) and folder.name in OLD:  # older drafts' tests do not say so themselves
                made = {"$schema": NAMES[folder.name], **made}
            for test in group["tests"]:
                yield made, test["data"], test["valid"]


WORDS = ["", "a", "ab", "abc", "é", "😀", "b1", "12"]


def value(random, depth=2):
    kind = random.randrange(8 if depth else 6)
    if kind == 0:
        return random.choice([None, True, False])
    if kind in (1, 2):
        return random.choice([0, 1, 2, 3, -1, 10, 1.5, 0.1, 1e10, -0.0, 1.0, 2**53, 2**63, 1e300])
    if kind in (3, 4, 5):
        return random.choice(WORDS)
    if kind == 6:
        return [value(random, depth - 1) for _ in range(random.randrange(4))]
    return {random.choice(WORDS): value(random, depth - 1) for _ in range(random.randrange(4))}


def schema(random, draft, depth=2):
    number = lambda: random.choice([0, 1, 2, 3, 1.5, 10, -1, 0.1])
    count = lambda: random.randrange(4)
    inner = lambda: schema(random, draft, depth - 1) if depth else {}
    types = ["null", "boolean", "integer", "number", "string", "array", "object"]
    makers = {
        "type": lambda: random.choice([random.choice(types), random.sample(types, 2)]),
        "enum": lambda: [json.loads(text) for text in sorted({json.dumps(value(random)) for _ in range(4)})],
        "minimum": number, "maximum": number, "multipleOf": lambda: random.choice([1, 2, 0.5, 3]),
        "minLength": count, "maxLength": count, "pattern": lambda: random.choice(["^a", "b$", "[0-9]+", "a.c", "^$", "a|b"]),
        "minItems": count, "maxItems": count, "uniqueItems": lambda: random.random() < 0.8,
        "items": lambda: random.choice([inner(), [inner(), inner()]]),
        "additionalItems": lambda: random.choice([False, True, inner()]),
        "minProperties": count, "maxProperties": count, "required": lambda: random.sample(WORDS, 1 + count()),
        "properties": lambda: {word: inner() for word in random.sample(WORDS, 2)},
        "patternProperties": lambda: {"^a": inner()}, "additionalProperties": lambda: random.choice([False, True, inner()]),
        "dependencies": lambda: {random.choice(WORDS): random.choice([["a"], inner()])},
        "allOf": lambda: [inner(), inner()], "anyOf": lambda: [inner(), inner()], "oneOf": lambda: [inner(), inner()],
        "not": inner,
    }
    if draft.startswith("draft20"):
        del makers["dependencies"]
        makers.update(dependentRequired=lambda: {random.choice(WORDS): ["a"]}, contains=inner, minContains=count, maxContains=count,
                      dependentSchemas=lambda: {random.choice(WORDS): inner()})
    if draft == "draft2020-12":
        del makers["additionalItems"]
        makers.update(prefixItems=lambda: [inner(), inner()], items=inner)
    if draft == "draft4":
        makers["exclusiveMinimum"] = makers["exclusiveMaximum"] = lambda: random.random() < 0.5
    else:
        makers.update(exclusiveMinimum=number, exclusiveMaximum=number, const=lambda: value(random), propertyNames=inner,
                      **{"if": inner, "then": inner, "else": inner} if draft != "draft6" else {})
    result = {name: makers[name]() for name in random.sample(sorted(makers), random.randint(1, 3))}
    if draft == "draft4":
        for exclusive, bound in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")]:
            if exclusive in result:
                result.setdefault(bound, number())
    return result


def generated_cases(draft, count):
    random = generator(f"schema {draft}")
    for _ in range(count):
        made = {"$schema": NAMES[draft], **schema(random, draft)}
        validator = VALIDATORS[draft](made)
        for _ in range(4):
            instance = value(random)
            yield made, instance, validator.is_valid(instance)


def run():
    folder = pathlib.Path(os.environ["JSON_SCHEMA_TESTS"])
    for draft in VALIDATORS:
        yield compare(Tally(f"json_schema, official tests, {draft}", "JSON-Schema-Test-Suite"), suite_cases(folder / draft))
    for draft in VALIDATORS:
        yield compare(Tally(f"json_schema, generated, {draft}", "jsonschema 4.26.0"), generated_cases(draft, 3000))
