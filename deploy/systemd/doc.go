// Package systemd has the unit files for machines without Kubernetes, with an
// example of each one's settings. Its test holds them to what systemd and the
// programs accept.
package systemd
