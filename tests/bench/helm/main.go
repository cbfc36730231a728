// Renders one chart for each values file of a folder with Helm's own engine, in one process, and writes what comes out.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	"sigs.k8s.io/yaml"
)

func main() {
	chart, values, output := os.Args[1], os.Args[2], os.Args[3]
	loaded, err := loader.Load(chart)
	check(err)
	files, err := filepath.Glob(filepath.Join(values, "*.yaml"))
	check(err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(err)
		given := map[string]any{}
		check(yaml.Unmarshal(text, &given))
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		release := common.ReleaseOptions{Name: name, Namespace: "production"}
		all, err := util.ToRenderValues(loaded, given, release, common.DefaultCapabilities)
		check(err)
		rendered, err := engine.Render(loaded, all)
		check(err)
		folder := filepath.Join(output, name)
		check(os.MkdirAll(folder, 0o777))
		for path, content := range rendered {
			if strings.TrimSpace(content) != "" {
				check(os.WriteFile(filepath.Join(folder, filepath.Base(path)), []byte(content), 0o666))
			}
		}
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
