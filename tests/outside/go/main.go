// An unmodified fargo as a process: see src/outside-process.ts for what it says and hears.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hudl/fargo"
	"github.com/op/go-logging"
)

var writing sync.Mutex

func say(name string, value any) {
	writing.Lock()
	defer writing.Unlock()
	line, err := json.Marshal(map[string]any{name: value})
	if err == nil {
		fmt.Println(string(line))
	}
}

func view(registry fargo.EurekaConnection) (map[string][]string, error) {
	apps, err := registry.GetApps()
	if err != nil {
		return nil, err
	}
	seen := map[string][]string{}
	for name, app := range apps {
		for _, one := range app.Instances {
			if one.Status == fargo.UP {
				seen[strings.ToUpper(name)] = append(seen[strings.ToUpper(name)], one.Id())
			}
		}
		sort.Strings(seen[strings.ToUpper(name)])
	}
	return seen, nil
}

func watch(registry fargo.EurekaConnection) {
	var last map[string][]string
	for {
		seen, err := view(registry)
		if err != nil {
			fmt.Fprintln(os.Stderr, "view:", err)
		} else if !reflect.DeepEqual(seen, last) {
			say("sees", seen)
			last = seen
		}
		time.Sleep(150 * time.Millisecond)
	}
}

// fargo leaves heartbeats, and what follows a refused one, to its caller.
func beat(registry fargo.EurekaConnection, self *fargo.Instance) {
	for {
		time.Sleep(500 * time.Millisecond)
		err := registry.HeartBeatInstance(self)
		if code, ok := fargo.HTTPResponseStatusCode(err); ok && code == 404 {
			err = registry.ReregisterInstance(self)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "heartbeat:", err)
		}
	}
}

func answer(registry fargo.EurekaConnection, self *fargo.Instance, words []string) (any, error) {
	switch words[0] {
	case "status":
		return words[1], registry.UpdateInstanceStatus(self, fargo.StatusType(words[1]))
	case "metadata":
		return words[2], registry.AddMetadataString(self, words[1], words[2])
	case "read":
		one, err := registry.GetInstance(self.App, self.Id())
		if err != nil {
			return nil, err
		}
		note, _ := one.Metadata.GetString("note")
		return map[string]any{
			"host": one.HostName, "port": one.Port, "status": one.Status, "overridden": one.Overriddenstatus,
			"dataCenter": one.DataCenterInfo.Name, "leaseSeconds": one.LeaseInfo.DurationInSecs, "note": note,
		}, nil
	case "vip":
		found, err := registry.GetInstancesByVIPAddress(words[1], false, fargo.ThatAreUp)
		ids := []string{}
		for _, one := range found {
			ids = append(ids, one.Id())
		}
		sort.Strings(ids)
		return ids, err
	}
	return nil, fmt.Errorf("%s is no command", words[0])
}

func main() {
	logging.SetLevel(logging.WARNING, "fargo")
	port, _ := strconv.Atoi(os.Getenv("OUTSIDE_PORT"))
	registry := fargo.NewConn(os.Getenv("OUTSIDE_REGISTRY"))
	registry.UseJson = os.Getenv("OUTSIDE_FORMAT") == "json"
	app := os.Getenv("OUTSIDE_APP")
	self := &fargo.Instance{
		InstanceId:       os.Getenv("OUTSIDE_ID"),
		HostName:         "127.0.0.1",
		App:              strings.ToUpper(app),
		IPAddr:           "127.0.0.1",
		VipAddress:       app,
		SecureVipAddress: app,
		Status:           fargo.UP,
		Port:             port,
		PortEnabled:      true,
		DataCenterInfo:   fargo.DataCenterInfo{Name: fargo.MyOwn},
		LeaseInfo:        fargo.LeaseInfo{RenewalIntervalInSecs: 1, DurationInSecs: 4},
	}
	self.SetMetadataString("written-in", "Go")
	for registry.RegisterInstance(self) != nil {
		time.Sleep(200 * time.Millisecond)
	}
	go beat(registry, self)
	go watch(registry)
	for input := bufio.NewScanner(os.Stdin); input.Scan(); {
		value, err := answer(registry, self, strings.Fields(input.Text()))
		if err != nil {
			value = map[string]string{"failed": err.Error()}
		}
		say("answer", value)
	}
	if err := registry.DeregisterInstance(self); err != nil {
		fmt.Fprintln(os.Stderr, "leaving:", err)
	}
}
