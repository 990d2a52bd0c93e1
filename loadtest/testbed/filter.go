package testbed

// Filter has the host's firewall drop packets, without a word to anybody. The
// rules are nftables', one a line; "in" is what arrives at the host, "out" what
// leaves it:
//
//	in tcp dport 5002 drop
//	in numgen random mod 100 < 30 drop
//	out ip daddr 10.77.0.1 tcp dport 7070 drop
//
// They replace the rules of an earlier Filter; without any, all passes.
func (h *Host) Filter(rules ...string) {
	h.bed.t.Helper()
	table := "table inet faults\ndelete table inet faults\n"
	if len(rules) > 0 {
		table += "table inet faults {\n" +
			"chain in { type filter hook input priority 0; }\n" +
			"chain out { type filter hook output priority 0; }\n}\n"
	}
	for _, rule := range rules {
		table += "add rule inet faults " + rule + "\n"
	}
	h.bed.must(table, "ip", "netns", "exec", h.ns, Tool("nft"), "-f", "-")
}
