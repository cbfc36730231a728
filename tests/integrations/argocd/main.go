// Argo CD's own functions on what rollspec writes: its source hydrator, and which changes reload an Application.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	log "github.com/sirupsen/logrus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/argoproj/argo-cd/v3/commitserver/apiclient"
	"github.com/argoproj/argo-cd/v3/commitserver/commit"
	"github.com/argoproj/argo-cd/v3/commitserver/metrics"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/app/path"
	"github.com/argoproj/argo-cd/v3/util/git"
	"github.com/argoproj/argo-cd/v3/util/hydrator"
)

// about reads a commit as the repo-server does for the controller.
func about(ctx context.Context, url, sha string) (*v1alpha1.RevisionMetadata, error) {
	root, err := os.MkdirTemp("", "argocd")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(root)
	client, err := git.NewClientExt(url, root, git.NopCreds{}, false, false, "", "")
	if err != nil {
		return nil, err
	}
	if err = client.Init(); err != nil {
		return nil, err
	}
	if err = client.Fetch(ctx, "", 0); err != nil {
		return nil, err
	}
	read, err := client.RevisionMetadata(ctx, sha)
	if err != nil {
		return nil, err
	}
	references := make([]v1alpha1.RevisionReference, len(read.References))
	for i, each := range read.References {
		if each.Commit == nil {
			continue
		}
		references[i] = v1alpha1.RevisionReference{Commit: &v1alpha1.CommitMetadata{
			Author: each.Commit.Author.String(), Date: each.Commit.Date, Subject: each.Commit.Subject,
			Body: each.Commit.Body, SHA: each.Commit.SHA, RepoURL: each.Commit.RepoURL,
		}}
	}
	made := v1alpha1.RevisionMetadata{Author: read.Author, Message: read.Message, References: references}
	when := metav1.NewTime(read.Date)
	made.Date = &when
	return &made, nil
}

// metadata prints what the hydrator would say of a commit.
func metadata(ctx context.Context, url, sha string) (any, error) {
	found, err := about(ctx, url, sha)
	if err != nil {
		return nil, err
	}
	return hydrator.GetCommitMetadata(url, sha, found)
}

// hydrate asks the commit server to write manifests to a branch, and prints the commit that has them.
func hydrate(ctx context.Context, url, branch, sha, folder, manifest string) (any, error) {
	found, err := about(ctx, url, sha)
	if err != nil {
		return nil, err
	}
	server := commit.NewService(git.NoopCredsStore{}, metrics.NewMetricsServer(), nil)
	return server.CommitHydratedManifests(ctx, &apiclient.CommitHydratedManifestsRequest{
		Repo: &v1alpha1.Repository{Repo: url}, SyncBranch: branch, TargetBranch: branch, DrySha: sha,
		CommitMessage: "hydrated", DryCommitMetadata: found, ReadmeMessage: "made by the hydrator",
		Paths: []*apiclient.PathDetails{{
			Path: folder, Manifests: []*apiclient.HydratedManifestDetails{{ManifestJSON: manifest}},
		}},
	})
}

// affected says of each list of changed files whether a webhook reloads the Application.
func affected(application string, changes []string) (any, error) {
	text, err := os.ReadFile(application)
	if err != nil {
		return nil, err
	}
	var app v1alpha1.Application
	if err = yaml.UnmarshalStrict(text, &app); err != nil {
		return nil, err
	}
	found := []bool{}
	for _, change := range changes {
		var files []string
		if err = json.Unmarshal([]byte(change), &files); err != nil {
			return nil, err
		}
		paths := path.GetSourceRefreshPaths(&app, app.Spec.GetSource())
		found = append(found, path.AppFilesHaveChanged(paths, files))
	}
	return found, nil
}

func run(arguments []string) (any, error) {
	ctx := context.Background()
	switch {
	case len(arguments) == 3 && arguments[0] == "metadata":
		return metadata(ctx, arguments[1], arguments[2])
	case len(arguments) == 6 && arguments[0] == "hydrate":
		return hydrate(ctx, arguments[1], arguments[2], arguments[3], arguments[4], arguments[5])
	case len(arguments) > 2 && arguments[0] == "affected":
		return affected(arguments[1], arguments[2:])
	}
	return nil, fmt.Errorf("usage: metadata URL SHA | hydrate URL BRANCH SHA FOLDER JSON | affected FILE CHANGES...")
}

func main() {
	log.SetLevel(log.ErrorLevel)
	found, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err = json.NewEncoder(os.Stdout).Encode(found); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
