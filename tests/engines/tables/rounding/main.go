// Writes, as JSON, what the real controllers' own functions answer: the table that renderer/rounding.py is held against.
// Run generate.sh, which says where the modules come from.
package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"os"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/utils/replicaset"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	deploymentutil "k8s.io/kubernetes/pkg/controller/deployment/util"
)

type row = []any

var random = rand.New(rand.NewSource(20))

func main() {
	table := map[string]any{
		"rollouts":   os.Args[1],
		"fenceposts": fenceposts(),
		"settled":    settled(),
		"basic":      basic(),
		"routed":     routed(),
		"blueGreen":  blueGreen(),
	}
	out, err := json.Marshal(table)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(out))
}

func ptr[T any](value T) *T { return &value }

func replicaSet(name string, spec, available int32) *appsv1.ReplicaSet {
	return &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{v1alpha1.DefaultRolloutUniqueLabelKey: name}},
		Spec:       appsv1.ReplicaSetSpec{Replicas: ptr(spec)},
		Status:     appsv1.ReplicaSetStatus{Replicas: spec, AvailableReplicas: available},
	}
}

// canary is a Rollout at the last of some setWeight steps.
func canary(replicas int32, surge, unavailable intstr.IntOrString, weights ...int32) *v1alpha1.Rollout {
	steps := []v1alpha1.CanaryStep{}
	for _, weight := range weights {
		steps = append(steps, v1alpha1.CanaryStep{SetWeight: ptr(weight)})
	}
	return &v1alpha1.Rollout{
		Spec: v1alpha1.RolloutSpec{
			Replicas: ptr(replicas),
			Strategy: v1alpha1.RolloutStrategy{Canary: &v1alpha1.CanaryStrategy{MaxSurge: ptr(surge), MaxUnavailable: ptr(unavailable), Steps: steps}},
		},
		Status: v1alpha1.RolloutStatus{StableRS: "stable", CurrentPodHash: "new", CurrentStepIndex: ptr(int32(len(weights) - 1))},
	}
}

// fenceposts: surge, unavailable, replicas; of a Rollout's canary, of a Deployment (-1, -1: an error), unavailable of a BlueGreen.
func fenceposts() []row {
	rows := []row{}
	given := []intstr.IntOrString{intstr.FromInt32(0), intstr.FromInt32(1), intstr.FromInt32(3), intstr.FromString("0%"), intstr.FromString("1%"),
		intstr.FromString("25%"), intstr.FromString("33%"), intstr.FromString("50%"), intstr.FromString("100%"), intstr.FromString("150%"), intstr.FromString("25")}
	for _, surge := range given {
		for _, unavailable := range given {
			for _, replicas := range []int32{0, 1, 2, 3, 4, 7, 10, 99} {
				ro := canary(replicas, surge, unavailable, 50)
				depSurge, depUnavailable, err := deploymentutil.ResolveFenceposts(ptr(surge), ptr(unavailable), replicas)
				if err != nil {
					depSurge, depUnavailable = -1, -1
				}
				bg := &v1alpha1.Rollout{Spec: v1alpha1.RolloutSpec{Replicas: ptr(replicas), Strategy: v1alpha1.RolloutStrategy{BlueGreen: &v1alpha1.BlueGreenStrategy{MaxUnavailable: ptr(unavailable)}}}}
				rows = append(rows, row{plain(surge), plain(unavailable), replicas, replicaset.MaxSurge(ro), replicaset.MaxUnavailable(ro), depSurge, depUnavailable, replicaset.MaxUnavailable(bg)})
			}
		}
	}
	return rows
}

func plain(value intstr.IntOrString) any {
	if value.Type == intstr.Int {
		return value.IntVal
	}
	return value.StrVal
}

// settled: replicas, weight, surge, unavailable; the counts where a canary by replicas comes to rest when every pod is available at once.
func settled() []row {
	rows := []row{}
	pairs := [][2]intstr.IntOrString{{intstr.FromString("25%"), intstr.FromInt32(0)}, {intstr.FromInt32(0), intstr.FromInt32(1)}, {intstr.FromInt32(1), intstr.FromString("50%")}}
	for _, pair := range pairs {
		for _, replicas := range []int32{0, 1, 2, 3, 4, 5, 7, 10, 13, 20, 33, 100} {
			for _, weight := range []int32{0, 1, 5, 10, 20, 25, 33, 45, 50, 55, 66, 75, 90, 99, 100} {
				ro := canary(replicas, pair[0], pair[1], weight)
				fresh, stable := int32(0), replicas
				for range 1000 {
					f, s := replicaset.CalculateReplicaCountsForBasicCanary(ro, replicaSet("new", fresh, fresh), replicaSet("stable", stable, stable), nil)
					if f == fresh && s == stable {
						break
					}
					fresh, stable = f, s
				}
				rows = append(rows, row{replicas, weight, plain(pair[0]), plain(pair[1]), fresh, stable})
			}
		}
	}
	return rows
}

// basic: replicas, weight, surge, unavailable, new (spec, available), stable (spec, available), old (spec, available; -1: none); new and stable counts.
func basic() []row {
	rows := []row{}
	for range 1500 {
		replicas, weight := random.Int31n(14), random.Int31n(101)
		surge, unavailable := random.Int31n(4), random.Int31n(3)
		ro := canary(replicas, intstr.FromInt32(surge), intstr.FromInt32(unavailable), weight)
		new, newSpec, newAvailable := some("new", replicas)
		stable, stableSpec, stableAvailable := some("stable", replicas)
		old, oldSpec, oldAvailable := some("old", 4)
		olds := []*appsv1.ReplicaSet{}
		if random.Int31n(3) == 0 {
			olds = append(olds, old)
		} else {
			oldSpec, oldAvailable = -1, -1
		}
		a, b := replicaset.CalculateReplicaCountsForBasicCanary(ro, new, stable, olds)
		rows = append(rows, row{replicas, weight, surge, unavailable, newSpec, newAvailable, stableSpec, stableAvailable, oldSpec, oldAvailable, a, b})
	}
	return rows
}

func some(name string, replicas int32) (*appsv1.ReplicaSet, int32, int32) {
	spec := random.Int31n(replicas + 3)
	available := random.Int31n(spec + 2)
	return replicaSet(name, spec, available), spec, available
}

// routed: replicas, weights of the steps, replicas and weight of a setCanaryScale (-1: none), minPodsPerReplicaSet (-1), dynamicStableScale, aborted,
// recorded weight of the canary (-1), available new and stable pods; canary and stable counts.
func routed() []row {
	rows := []row{}
	for range 1500 {
		replicas := random.Int31n(14)
		weights := []int32{random.Int31n(101), random.Int31n(101)}
		ro := canary(replicas, intstr.FromInt32(1), intstr.FromInt32(0), weights...)
		strategy := ro.Spec.Strategy.Canary
		strategy.TrafficRouting = &v1alpha1.RolloutTrafficRouting{Istio: &v1alpha1.IstioTrafficRouting{}}
		scaleReplicas, scaleWeight, minPods, recorded := int32(-1), int32(-1), int32(-1), int32(-1)
		switch random.Int31n(4) {
		case 0:
			scaleReplicas = random.Int31n(6)
			strategy.Steps = append(strategy.Steps, v1alpha1.CanaryStep{SetCanaryScale: &v1alpha1.SetCanaryScale{Replicas: ptr(scaleReplicas)}})
			ro.Status.CurrentStepIndex = ptr(int32(2))
		case 1:
			scaleWeight = random.Int31n(101)
			strategy.Steps = append(strategy.Steps, v1alpha1.CanaryStep{SetCanaryScale: &v1alpha1.SetCanaryScale{Weight: ptr(scaleWeight)}})
			ro.Status.CurrentStepIndex = ptr(int32(2))
		}
		if random.Int31n(3) == 0 {
			minPods = random.Int31n(5)
			strategy.MinPodsPerReplicaSet = ptr(minPods)
		}
		strategy.DynamicStableScale = random.Int31n(2) == 0
		ro.Status.Abort = random.Int31n(3) == 0
		var traffic *v1alpha1.TrafficWeights
		if random.Int31n(2) == 0 {
			recorded = random.Int31n(101)
			traffic = &v1alpha1.TrafficWeights{Canary: v1alpha1.WeightDestination{Weight: recorded}, Stable: v1alpha1.WeightDestination{Weight: 100 - recorded}}
		}
		new, _, newAvailable := some("new", replicas)
		stable, _, stableAvailable := some("stable", replicas)
		a, b := replicaset.CalculateReplicaCountsForTrafficRoutedCanary(ro, new, stable, traffic)
		rows = append(rows, row{replicas, weights, scaleReplicas, scaleWeight, minPods, strategy.DynamicStableScale, ro.Status.Abort, recorded, newAvailable, stableAvailable, a, b})
	}
	return rows
}

// blueGreen: replicas, previewReplicaCount (-1: none), the new ReplicaSet is the active one, it is the recorded one, paused, past the checkpoint; its count.
func blueGreen() []row {
	rows := []row{}
	for _, preview := range []int32{-1, 0, 1, 3} {
		for bits := range 16 {
			active, current, paused, checkpoint := bits&1 > 0, bits&2 > 0, bits&4 > 0, bits&8 > 0
			ro := &v1alpha1.Rollout{Spec: v1alpha1.RolloutSpec{Replicas: ptr(int32(4)), Strategy: v1alpha1.RolloutStrategy{BlueGreen: &v1alpha1.BlueGreenStrategy{}}}}
			if preview >= 0 {
				ro.Spec.Strategy.BlueGreen.PreviewReplicaCount = ptr(preview)
			}
			ro.Status.BlueGreen.ActiveSelector = "stable"
			if active {
				ro.Status.BlueGreen.ActiveSelector = "new"
			}
			if current {
				ro.Status.CurrentPodHash = "new"
			}
			if paused {
				ro.Status.PauseConditions = []v1alpha1.PauseCondition{{Reason: v1alpha1.PauseReasonBlueGreenPause}}
			}
			ro.Status.BlueGreen.ScaleUpPreviewCheckPoint = checkpoint
			new := replicaSet("new", 1, 1)
			count, err := replicaset.NewRSNewReplicas(ro, []*appsv1.ReplicaSet{new, replicaSet("stable", 4, 4)}, new, nil)
			if err != nil {
				panic(err)
			}
			rows = append(rows, row{4, preview, active, current, paused, checkpoint, count})
		}
	}
	return rows
}
