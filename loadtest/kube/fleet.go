package kube

import (
	"encoding/json"
	"time"
)

// fleet is a tracker's answer about its nodes, as far as the steps look.
type fleet struct {
	Items []struct {
		Name   string            `json:"name"`
		State  string            `json:"state"`
		Zone   string            `json:"zone"`
		Labels map[string]string `json:"labels"`
	} `json:"items"`
}

// awaitFleet returns when every tracker knows every node as ready, and with the
// zone and the labels that Kubernetes has for it.
func (s *stage) awaitFleet() {
	s.Helper()
	for _, tracker := range s.pods("tracker") {
		s.eventually(time.Minute, tracker+" knows all nodes, their zones and labels", func() bool {
			return s.knows(tracker)
		})
	}
}

func (s *stage) knows(tracker string) bool {
	text, err := s.ctl("get", "--raw", adminPath(tracker, "nodes"))
	var f fleet
	if err != nil || json.Unmarshal([]byte(text), &f) != nil {
		return false
	}
	ready := 0
	for _, n := range f.Items {
		if n.State == "ready" && n.Zone == s.zones[n.Name] && n.Labels[zoneLabel] == n.Zone {
			ready++
		}
	}
	return ready == len(s.nodes)
}

// awaitMemory returns when every tracker reaches Redis, and one places content.
func (s *stage) awaitMemory() {
	s.Helper()
	for _, tracker := range s.pods("tracker") {
		s.eventually(time.Minute, tracker+" reaches Redis", func() bool {
			var placement struct {
				Tracker string `json:"tracker"`
				Away    bool   `json:"away"`
			}
			text, err := s.ctl("get", "--raw", adminPath(tracker, "placement"))
			return err == nil && json.Unmarshal([]byte(text), &placement) == nil && placement.Tracker != "" && !placement.Away
		})
	}
}

const zoneLabel = "topology.kubernetes.io/zone"
