// Prints renderer/patch/merge_keys.json: the lists that kustomize merges, read from the schema inside its own library.
//
// Run it in this folder: go.mod pins the library that the kubectl of the tests is built with.
//
//	go run . > ../../renderer/patch/merge_keys.json
//	go run . rollout > ../../fixtures/patch/rollout.openapi.json
//
// The second gives the OpenAPI schema with which kustomize itself merges the pod template of a Rollout, for the tests.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"

	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

type field struct {
	typ  string
	keys []string
	list bool
}

func main() {
	all := openapi.Schema().Definitions
	if len(os.Args) > 1 {
		printRollout(all)
		return
	}
	types := reachable(all)
	var lines []string
	for _, name := range sorted(types) {
		var fields []string
		for _, f := range sorted(types[name]) {
			fields = append(fields, fmt.Sprintf("%q: [%q, %s]", f, short(types[name][f].typ), literal(types[name][f])))
		}
		lines = append(lines, fmt.Sprintf("%q: {%s}", short(name), strings.Join(fields, ", ")))
	}
	fmt.Printf("{\n\"types\": {\n%s\n},\n", strings.Join(lines, ",\n"))
	fmt.Printf("\"kinds\": [\n%s\n],\n", strings.Join(kinds(all, types), ",\n"))
	fmt.Printf("\"clusterScoped\": [\n%s\n]\n}\n", strings.Join(clusterScoped(all), ",\n"))
}

// reachable keeps, of every type, the fields from which a merged list can be reached; repeated until nothing changes.
func reachable(all spec.Definitions) map[string]map[string]field {
	types := map[string]map[string]field{}
	for changed := true; changed; {
		changed = false
		for name, schema := range all {
			for fieldName, property := range schema.Properties {
				f, merges := read(property)
				if _, below := types[f.typ]; !below {
					f.typ = ""
				}
				if !merges && f.typ == "" {
					continue
				}
				if types[name] == nil {
					types[name] = map[string]field{}
				}
				if old, found := types[name][fieldName]; !found || old.typ != f.typ {
					types[name][fieldName], changed = f, true
				}
			}
		}
	}
	return types
}

// read gives a property's type and, of a list that merges, the keys; items of other lists are never visited.
func read(property spec.Schema) (field, bool) {
	if property.Items == nil {
		return field{typ: target(property)}, false
	}
	resource := openapi.ResourceSchema{Schema: &property}
	strategy, keys := resource.PatchStrategyAndKeyList()
	for _, s := range strings.Split(strategy, ",") {
		if s == "merge" {
			return field{typ: target(*property.Items.Schema), keys: keys, list: true}, true
		}
	}
	return field{}, false
}

func kinds(all spec.Definitions, types map[string]map[string]field) []string {
	var lines []string
	for name := range types {
		for _, meta := range typeMetas(all[name]) {
			lines = append(lines, fmt.Sprintf("[%q, %q, %q]", meta.APIVersion, meta.Kind, short(name)))
		}
	}
	sort.Strings(lines)
	return lines
}

func clusterScoped(all spec.Definitions) []string {
	var lines []string
	for _, schema := range all {
		for _, meta := range typeMetas(schema) {
			if openapi.IsCertainlyClusterScoped(meta) {
				lines = append(lines, fmt.Sprintf("[%q, %q]", meta.APIVersion, meta.Kind))
			}
		}
	}
	sort.Strings(lines)
	return slices.Compact(lines)
}

func typeMetas(schema spec.Schema) []yaml.TypeMeta {
	var metas []yaml.TypeMeta
	entries, _ := schema.Extensions["x-kubernetes-group-version-kind"].([]interface{})
	for _, entry := range entries {
		gvk := entry.(map[string]interface{})
		version := strings.TrimPrefix(fmt.Sprint(gvk["group"], "/", gvk["version"]), "/")
		metas = append(metas, yaml.TypeMeta{APIVersion: version, Kind: fmt.Sprint(gvk["kind"])})
	}
	return metas
}

const rollout = `{"definitions":{
"io.argoproj.v1alpha1.Rollout":{
"properties":{
"metadata":{"$ref":"#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
"spec":{"properties":{"template":{"$ref":"#/definitions/io.k8s.api.core.v1.PodTemplateSpec"}},"type":"object"}},
"type":"object",
"x-kubernetes-group-version-kind":[{"group":"argoproj.io","kind":"Rollout","version":"v1alpha1"}]}`

// printRollout writes a Rollout's schema: its pod template and metadata are those of core, one definition a line.
func printRollout(all spec.Definitions) {
	todo := []string{"io.k8s.api.core.v1.PodTemplateSpec", "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}
	lines := map[string]string{}
	for len(todo) > 0 {
		name := todo[0]
		todo = todo[1:]
		if _, done := lines[name]; done {
			continue
		}
		schema := bare(all[name])
		text, err := json.Marshal(schema)
		if err != nil {
			panic(err)
		}
		lines[name] = string(text)
		for _, property := range schema.Properties {
			for _, below := range []spec.Schema{property, items(property)} {
				if ref := target(below); ref != "" {
					todo = append(todo, ref)
				}
			}
		}
	}
	fmt.Print(rollout)
	for _, name := range sorted(lines) {
		fmt.Printf(",\n%q:%s", name, lines[name])
	}
	fmt.Println("}}")
}

// bare is the schema without prose; maps of plain values need no schema of their values here.
func bare(s spec.Schema) spec.Schema {
	s.Description, s.Required, s.Format, s.Default, s.AdditionalProperties = "", nil, "", nil, nil
	if s.Items != nil {
		below := bare(*s.Items.Schema)
		s.Items = &spec.SchemaOrArray{Schema: &below}
	}
	properties := map[string]spec.Schema{}
	for name, property := range s.Properties {
		properties[name] = bare(property)
	}
	if len(properties) > 0 {
		s.Properties = properties
	}
	return s
}

func items(s spec.Schema) spec.Schema {
	if s.Items == nil {
		return spec.Schema{}
	}
	return *s.Items.Schema
}

func target(s spec.Schema) string { return strings.TrimPrefix(s.Ref.String(), "#/definitions/") }

func short(name string) string {
	return strings.NewReplacer("io.k8s.api.", "", "io.k8s.apimachinery.pkg.apis.", "", "io.k8s.", "").Replace(name)
}

func literal(f field) string {
	if !f.list {
		return "null"
	}
	var quoted []string
	for _, key := range f.keys {
		quoted = append(quoted, fmt.Sprintf("%q", key))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

func sorted[V any](m map[string]V) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
