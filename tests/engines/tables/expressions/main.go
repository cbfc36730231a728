// Writes, as JSON, what the real controller makes of conditions: the table that rules/expressions.py is held against.
// Run ../generate.sh, which says where the modules come from.
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand"
	"os"
	"strings"

	"github.com/argoproj/argo-rollouts/utils/evaluate"
	"github.com/expr-lang/expr/parser"
)

const howMany = 1500 // generated expressions, and as many again with one token changed

var (
	random  = rand.New(rand.NewSource(29))
	answers = []any{[]float64{}, []float64{0.5}, []float64{99, 3}, []float64{math.NaN()}}
	known   = []string{
		"result[0] >= 95", "len(result) > 0 && result[0] < 5", "len(result) == 0 || result[0] < 5", "result[0]",
		"isNaN(result[0])", "!isNaN(result[0]) and result[0] < 5", "all(result, # > 1)", "any(result, {# > 1})",
		"count(result, {# > 1}) == 0", "result | len() > 0", "result | filter(# > 1) | len() == 0", "default(result, 0) < 5",
		"let x = result[0]; x > 1", "result[0] > 1 ? true : false", "result[0] in 1..5", "not (result[0] in [1, 2])",
		"result[0] not in [1, 2]", "if result[0] > 1 { true } else { false }", "result[0] > 1;", "0.1e3 > 1_000",
		"1 < result[0] < 5", "result?.[0] > 1", "result[0] ?? 1 > 2", "(result[0] ?? 1) > 2", "0x1F > 2", "0b11 == 3",
		"0o17 == 15", "`raw` == \"raw\"", "'it\\'s' != ''", "\"\\u00e9\" == 'é'", "/* c */ true", "true // c", "2 ** 3 ** 2 == 512",
		"2 ^ 2 == 4", "-2 ** 2 == 4", "!true", "!!true", "- -1 == 1", "not not true", "true or false and false",
		"result[-1] > 1", "result[0:1] == [0.5]", "result[:1] | len() == 1", "{\"a\": 1}.a == 1", "{a: 1}[\"a\"] == 1",
		"{(\"a\"): 1}.a == 1", "len([1, 2,]) == 2", "max(1, 2,) == 2", "asInt(result[0]) > 1", "asFloat(\"1\") == 1.0",
		"isInf(result[0])", "isNil(result)", "result matches \"a\"", "\"a\" matches \"[\"", "\"abc\" contains \"b\"",
		"\"abc\" startsWith \"a\" && \"abc\" endsWith \"c\"", "\"abc\" not contains \"b\"", "reduce(result, #acc + #, 0) > 1",
		"sum(result) > 1", "sum(result, # * 2) > 1", "sortBy(result, #)[0] > 1", "map(result, {#})[0] > 1", "$env.result[0] > 1",
		"$env[\"result\"][0] > 1", "true ? 1 : 2 == 1", "1..3 == [1, 2, 3]", "result[0] > 1 && (result[0] < 5", "result[0] = 1",
		"result[0] === 1", "result[0] <> 1", "result[0] > 95%", "result[0] > .5", "result[0] > 5.", "1e400 > 1", "1__0 > 1", "01 == 1",
		"'a", "\"a\nb\" == ''", "a.b", "result.0 > 1", "result[0]!", "@", "result[0] > 1 | 2", "::now()", "", " ", "()", "[]", "{}",
		"let = 1; true", "let x = 1", "let x = 1; let y = 2; x < y", "fn(1)", "result()", "len", "len()", "len(1, 2)", "nil == nil",
		"true; false", "true;; false", "# > 1", ".a", "{1: 2}[1] == 2", "result[0] > 1 and", "and true", "in [1]", "not", "result not",
	}
	atoms = []string{
		"result", "result[0]", "result[1]", "len(result)", "isNaN(result[0])", "asInt(result[0])", "1", "0.5", "95", "1e3", "true",
		"false", "nil", "\"a\"", "'b'", "[1, 2]", "{\"a\": 1}", "default(result, 0)", "isNil(result)", "result?.[0]", "result[0:1]",
	}
	operators = []string{
		"<", "<=", ">", ">=", "==", "!=", "&&", "||", "and", "or", "+", "-", "*", "/", "%", "**", "^", "in", "not in", "contains",
		"matches", "startsWith", "??", "..", "not contains",
	}
	predicates = []string{"all", "any", "none", "one", "filter", "map", "count", "sum", "find", "findIndex", "groupBy", "sortBy"}
	tokens     = []string{
		"(", ")", "[", "]", "{", "}", ",", ";", ":", "?", "?.", ".", "|", "!", "-", "+", "not", "let", "if", "else", "#", "#acc", "=",
		"==", "&&", "&", "and", "..", "...", "in", "1", ".5", "5.", "1e", "0x", "'a'", "\"", "`a`", "result", "x", "$env", "::", "??", "**",
		"//", "/*", "%", "@", "\\", "é", "nil", "len", "all",
	}
)

func pick(from []string) string { return from[random.Intn(len(from))] }

func expression(depth int) string {
	if depth == 0 {
		return pick(atoms)
	}
	inner := func() string { return expression(random.Intn(depth)) }
	switch random.Intn(14) {
	case 0:
		return "(" + inner() + ")"
	case 1:
		return pick([]string{"!", "not ", "-", "+"}) + inner()
	case 2:
		return inner() + " ? " + inner() + " : " + inner()
	case 3:
		return pick(predicates) + "(" + pick([]string{"result", "[1, 2]"}) + ", " + pick([]string{"# > 1", "{# > 1}", "{let y = #; y > 1}", inner()}) + ")"
	case 4:
		return inner() + " | " + pick([]string{"len()", "filter(# > 1)", "first()", "sum()", "max(1)", "isNil()"})
	case 5:
		return "let x = " + inner() + "; " + inner()
	case 6:
		return "[" + inner() + pick([]string{"", ", " + inner(), ","}) + "]"
	default:
		return inner() + pick([]string{" ", ""}) + pick(operators) + " " + inner()
	}
}

// changed takes a token away, doubles one, or puts another in.
func changed(text string) string {
	words := strings.Fields(text)
	at := random.Intn(len(words))
	switch random.Intn(4) {
	case 0:
		words = append(words[:at], words[at+1:]...)
	case 1:
		words[at] = pick(tokens)
	case 2:
		words[at] += pick([]string{" ", ""}) + pick(tokens)
	default:
		cut := random.Intn(len(text))
		return strings.ToValidUTF8(text[:cut]+pick(tokens)+text[cut:], "")
	}
	return strings.Join(words, " ")
}

// said is whether the text parses, and what the controller makes of it for each answer: true, false, or an error.
func said(text string) []any {
	_, err := parser.Parse(text)
	row := []any{text, err == nil}
	for _, answer := range answers {
		row = append(row, evaluated(answer, text))
	}
	return row
}

func evaluated(answer any, text string) (word string) {
	defer func() {
		if recover() != nil {
			word = "error"
		}
	}()
	held, err := evaluate.EvalCondition(answer, text)
	if err != nil {
		return "error"
	}
	return fmt.Sprint(held)
}

func main() {
	rows := [][]any{}
	for _, text := range known {
		rows = append(rows, said(text))
	}
	for range howMany {
		text := expression(1 + random.Intn(3))
		rows = append(rows, said(text), said(changed(text)))
	}
	lines := []string{}
	for _, row := range rows {
		line, err := json.Marshal(row)
		if err != nil {
			panic(err)
		}
		lines = append(lines, string(line))
	}
	fmt.Printf("{\"rollouts\":%q,\"rows\":[\n%s\n]}\n", os.Args[1], strings.Join(lines, ",\n"))
}
