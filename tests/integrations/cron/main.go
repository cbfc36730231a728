// Says which windows are open at which times, by the library and the formula of Argo CD (SyncWindows.active).
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/robfig/cron/v3"
)

type question struct {
	Schedule string
	Duration string
	Times    []int64 // as the clock on the wall shows them, as if it were UTC
}

func main() {
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		schedule, err := parser.Parse(asked.Schedule)
		if err != nil {
			fmt.Println("refused")
			continue
		}
		duration, err := time.ParseDuration(asked.Duration)
		if err != nil {
			panic(err)
		}
		open := ""
		for _, seconds := range asked.Times {
			now := time.Unix(seconds, 0).UTC()
			if schedule.Next(now.Add(-duration)).Before(now) {
				open += "1"
			} else {
				open += "0"
			}
		}
		fmt.Println(open)
	}
}
