package admin

import (
	"github.com/danielgtaylor/huma/v2"
)

const about = `What a tracker knows of its cluster, and how to steer it.

Every tracker answers for itself, from its own memory: two may differ for a moment. Lists come in pages: ask again with the cursor of the page before, until there is none. A page shows the state of the moment in which it is asked for; what comes or goes meanwhile is seen or not, and nothing else is seen twice or left out. Answers to GET have an ETag; If-None-Match with it is answered 304 while nothing has changed.

All errors are problems as of RFC 9457; "errors" says which parameter is wrong. 401 is a missing or wrong token, 404 an unknown node, digest or image, 422 a parameter that makes no sense, 503 too many questions of this kind at once.

Sizes of blobs are known to the tracker as long as some node is fetching them; and what images consist of, once policies or jobs have had nodes tell.

Policies, jobs and drains are known to all trackers that share a common memory. One of them places content; how that stands the others show a second or two later.`

func init() {
	huma.DefaultArrayNullable = false // no list in an answer is ever null
}

// document is what the OpenAPI document begins with.
func document() huma.Config {
	c := huma.DefaultConfig("Dray tracker: admin API", "1")
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = root+"/openapi", "", ""
	c.CreateHooks = nil // which would add links to schemas in all answers
	c.RejectUnknownQueryParameters = true
	c.Info.Description = about
	c.Tags = []*huma.Tag{
		{Name: ofCluster, Description: "The whole"},
		{Name: ofNodes, Description: "Machines and their seeders"},
		{Name: ofContent, Description: "Digests and images, and where they are"},
		{Name: ofPlaces, Description: "What should be where: replication policies and jobs"},
		{Name: ofEvents, Description: "What has happened"},
	}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "Needed where the tracker has an admin token"},
	}
	c.Security = []map[string][]string{{}, {"token": {}}}
	return c
}

// describe adds what the edge does for all operations alike.
func describe(doc *huma.OpenAPI) {
	for _, path := range doc.Paths {
		if path.Get == nil || path.Get.OperationID == streamID {
			continue
		}
		path.Get.Parameters = append(path.Get.Parameters, &huma.Param{
			Name: "If-None-Match", In: "header", Description: "ETags that the asker has", Schema: &huma.Schema{Type: huma.TypeString},
		})
		path.Get.Responses["200"].Headers = map[string]*huma.Param{
			"ETag": {Description: "Tells this answer from others", Schema: &huma.Schema{Type: huma.TypeString}},
		}
		path.Get.Responses["304"] = &huma.Response{Description: "The asker has this answer"}
	}
}
