// Package placement is "loadtest placement": a cluster of 1 000 nodes goes through
// a year of failures and rolling upgrades, once for each way of placing replicas.
// What is placed where is decided by the tracker's own planner
// ([placement.Make]); nodes, disks and time are made up.
//
// The failures are made before any run, from the seed alone (weather.go), so that
// every way of placing meets the same year, and the same seed gives the same
// result. A run (run.go) goes from one happening to the next in steps of
// half a minute, and plans whenever one could matter. Nodes, their disks and what the
// tracker believes of them are in cluster.go, what is measured in result.go.
//
// What it leaves out: the network has no limit but a copy's own rate, disks are
// never full, nobody pulls for work, and the tracker knows at once who is away.
package placement
