// Does what two steps of a Kargo promotion do to files, by the functions that those steps call.
package main

import (
	"os"

	"github.com/akuity/kargo/pkg/yaml"
)

func main() {
	var err error
	switch os.Args[1] {
	case "yaml-merge": // FILE PATCH
		err = yaml.MergeFiles(os.Args[2:4], os.Args[2])
	case "yaml-update": // FILE KEY VALUE
		err = yaml.SetValuesInFile(os.Args[2], []yaml.Update{{Key: os.Args[3], Value: os.Args[4]}})
	}
	if err != nil {
		panic(err)
	}
}
