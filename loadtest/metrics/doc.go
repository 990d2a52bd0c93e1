// Package metrics holds the page of metrics, the alerts and the dashboard to
// what real trackers and seeders serve.
package metrics
