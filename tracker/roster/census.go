package roster

// tally is how many nodes of a group should be heard, and how many of them
// have missed a heartbeat.
type tally struct{ expected, missing int }

// below says that less than a percentage is heard.
func (t tally) below(percent int) bool {
	return t.missing >= some && (t.expected-t.missing)*100 < t.expected*percent
}

// mostly says that more than half are missing.
func (t tally) mostly() bool { return t.missing >= some && 2*t.missing > t.expected }

// census counts the nodes that are not known to be dead or to have left, in
// all and by zone. One that has been silent for so long that it may be purged
// is not expected any more.
type census struct {
	all   tally
	zones []tally
}

func (c *census) count(zone uint32, missing bool) {
	for int(zone) >= len(c.zones) {
		c.zones = append(c.zones, tally{})
	}
	c.all.expected++
	c.zones[zone].expected++
	if missing {
		c.all.missing++
		c.zones[zone].missing++
	}
}

func (c *census) at(zone uint32) tally {
	if int(zone) < len(c.zones) {
		return c.zones[zone]
	}
	return tally{}
}

// slow says that there is a zone most of which is missing.
func (c *census) slow() bool {
	for _, t := range c.zones {
		if t.mostly() {
			return true
		}
	}
	return false
}
