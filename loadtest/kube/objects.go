package kube

// list is what kubectl says of several objects, as far as the steps look.
type list struct {
	Items []object `json:"items"`
}

type object struct {
	Metadata struct {
		Name              string            `json:"name"`
		DeletionTimestamp string            `json:"deletionTimestamp"`
		Labels            map[string]string `json:"labels"`
	} `json:"metadata"`
	Spec struct {
		NodeName string `json:"nodeName"` // of a pod
	} `json:"spec"`
	Status struct {
		NodeInfo struct { // of a node
			KubeletVersion          string `json:"kubeletVersion"`
			ContainerRuntimeVersion string `json:"containerRuntimeVersion"`
		} `json:"nodeInfo"`
	} `json:"status"`
	InvolvedObject struct { // of an event
		Name string `json:"name"`
	} `json:"involvedObject"`
	Message string `json:"message"`
}
