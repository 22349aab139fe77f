{{/*
What cannot work is refused here, in a sentence that says what to write instead, before
anything is changed. What is wrong by its type is refused by values.schema.json already.

`helm template` knows no cluster: there, lookup finds nothing, and what depends on it is
left unchecked.
*/}}
{{- define "camerastream.validate" -}}
{{- $problems := concat
  (include "camerastream.problems.values" . | fromYamlArray)
  (include "camerastream.problems.cameras" . | fromYamlArray)
  (include "camerastream.problems.crd" . | fromYamlArray)
  (include "camerastream.problems.monitoring" . | fromYamlArray)
  (include "camerastream.problems.scope" . | fromYamlArray) -}}
{{- with $problems -}}
{{- fail (join "\n" .) -}}
{{- end -}}
{{- end -}}

{{- define "camerastream.problems.values" -}}
{{- $problems := list -}}
{{- $servers := include "camerastream.bootstrapServers" . -}}
{{- if not $servers -}}
{{- $problems = append $problems "kafka.bootstrapServers is missing: write where your Kafka is, for example --set kafka.bootstrapServers=kafka-0.kafka:9092" -}}
{{- end -}}
{{- range splitList "," $servers -}}
{{- if and . (not (regexMatch "^([A-Za-z0-9_.-]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$" .)) -}}
{{- $problems = append $problems (printf "kafka.bootstrapServers: %q is not host:port: write for example kafka-0.kafka:9092" .) -}}
{{- end -}}
{{- end -}}
{{- if ge (int .Values.fleetGuard.endPercent) (int .Values.fleetGuard.startPercent) -}}
{{- $problems = append $problems "fleetGuard.endPercent is not below fleetGuard.startPercent, so that holds would begin and end all the time: write for example 25 and 50" -}}
{{- end -}}
{{- if and (not .Values.serviceAccount.create) (not .Values.serviceAccount.name) -}}
{{- $problems = append $problems "serviceAccount.name is missing: write which ServiceAccount the operator uses, or leave serviceAccount.create true" -}}
{{- end -}}
{{- toYaml $problems -}}
{{- end -}}

{{- define "camerastream.problems.crd" -}}
{{- $problems := list -}}
{{- $name := "camerastreams.camerastream.dev" -}}
{{- $wanted := .Chart.Version -}}
{{- if or .Values.crds.enabled (not .Values.operator.watchNamespaces) -}}
{{- $crd := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" $name -}}
{{- if $crd -}}
{{- $annotations := $crd.metadata.annotations | default dict -}}
{{- $found := index $annotations "camerastream.dev/chart-version" | default "0.0.0" -}}
{{- $release := index $annotations "meta.helm.sh/release-name" | default "" -}}
{{- $namespace := index $annotations "meta.helm.sh/release-namespace" | default "" -}}
{{- $older := semverCompare (printf "< %s" $wanted) $found -}}
{{- $age := printf "older than this chart (%s, wanted %s)" (ternary "of no known version" (printf "version %s" $found) (eq $found "0.0.0")) $wanted -}}
{{- if .Values.crds.enabled -}}
{{- if ne (printf "%s/%s" $namespace $release) (printf "%s/%s" .Release.Namespace .Release.Name) -}}
{{- $owner := "no Helm release" -}}
{{- if $release -}}
{{- $owner = printf "the release %s of namespace %s" $release $namespace -}}
{{- end -}}
{{- $take := printf "kubectl label crd %s app.kubernetes.io/managed-by=Helm --overwrite && kubectl annotate crd %s meta.helm.sh/release-name=%s meta.helm.sh/release-namespace=%s --overwrite" $name $name .Release.Name .Release.Namespace -}}
{{- /* Helm 4 applies on the server's side, where fields belong to whoever wrote them. */ -}}
{{- if semverCompare ">= 4.0.0-0" .Capabilities.HelmVersion.Version -}}
{{- $take = printf "%s, and let helm overwrite it with --force-conflicts" $take -}}
{{- end -}}
{{- if $older -}}
{{- $problems = append $problems (printf "the CRD %s in the cluster is %s and belongs to %s: let its owner upgrade it and write --set crds.enabled=false here, or give it to this release with: %s" $name $age $owner $take) -}}
{{- else -}}
{{- $problems = append $problems (printf "the CRD %s is in the cluster already and belongs to %s: leave it there with --set crds.enabled=false, or give it to this release with: %s" $name $owner $take) -}}
{{- end -}}
{{- else if semverCompare (printf "> %s" $wanted) $found -}}
{{- $problems = append $problems (printf "the CRD %s in the cluster is of chart version %s, newer than this chart (%s), and older fields would be lost with it: keep it with --set crds.enabled=false, or install version %s" $name $found $wanted $found) -}}
{{- end -}}
{{- else if $older -}}
{{- $how := "write --set crds.enabled=true, or apply the one of this version with: kubectl apply --server-side --force-conflicts -f files/camerastreams.yaml (in the chart's folder)" -}}
{{- if $release -}}
{{- $how = printf "upgrade the release %s of namespace %s, which installs it, first; or write --set crds.enabled=true" $release $namespace -}}
{{- end -}}
{{- $problems = append $problems (printf "the CRD %s in the cluster is %s: %s" $name $age $how) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and (not .Values.crds.enabled) (include "camerastream.live" .) (not (.Capabilities.APIVersions.Has "camerastream.dev/v1alpha1/CameraStream")) -}}
{{- $problems = append $problems (printf "the CRD %s is not in the cluster: write --set crds.enabled=true, or let a cluster administrator install it first" $name) -}}
{{- end -}}
{{- toYaml $problems -}}
{{- end -}}

{{- define "camerastream.problems.monitoring" -}}
{{- $problems := list -}}
{{- if include "camerastream.live" . -}}
{{- range $value, $kind := dict "podMonitor" "PodMonitor" "prometheusRule" "PrometheusRule" -}}
{{- if and (index $.Values.monitoring $value).enabled (not ($.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" $kind))) -}}
{{- $problems = append $problems (printf "monitoring.%s.enabled is true but the cluster knows no %s: install the Prometheus Operator first, or write --set monitoring.%s.enabled=false" $value $kind $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $known := list -}}
{{- range (.Files.Get "files/alerts.yaml" | fromYaml).groups }}{{ range .rules }}{{ $known = append $known .alert }}{{ end }}{{ end -}}
{{- range .Values.monitoring.prometheusRule.disabled -}}
{{- if not (has . $known) -}}
{{- $problems = append $problems (printf "monitoring.prometheusRule.disabled names %q, which is no alert of this chart: write one of %s" . (join ", " $known)) -}}
{{- end -}}
{{- end -}}
{{- toYaml $problems -}}
{{- end -}}

{{/* Two operators would count every restart twice, so one scope has one operator. */}}
{{- define "camerastream.problems.scope" -}}
{{- $problems := list -}}
{{- $name := include "camerastream.rbac.name" . -}}
{{- $root := . -}}
{{- $watched := .Values.operator.watchNamespaces -}}
{{- if .Values.rbac.create -}}
{{- $others := list -}}
{{- if or (not $watched) .Values.crds.enabled -}}
{{- with lookup "rbac.authorization.k8s.io/v1" "ClusterRole" "" $name -}}
{{- $others = append $others (dict "object" . "where" "the whole cluster") -}}
{{- end -}}
{{- end -}}
{{- if $watched -}}
{{- range $watched -}}
{{- with lookup "rbac.authorization.k8s.io/v1" "Role" . $name -}}
{{- $others = append $others (dict "object" . "where" (printf "the namespace %s" .metadata.namespace)) -}}
{{- end -}}
{{- end -}}
{{- else -}}
{{- range (lookup "rbac.authorization.k8s.io/v1" "Role" "" "").items -}}
{{- if eq .metadata.name $name -}}
{{- $others = append $others (dict "object" . "where" (printf "the namespace %s" .metadata.namespace)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $others -}}
{{- $annotations := .object.metadata.annotations | default dict -}}
{{- $release := index $annotations "meta.helm.sh/release-name" | default "" -}}
{{- $namespace := index $annotations "meta.helm.sh/release-namespace" | default "" -}}
{{- if ne (printf "%s/%s" $namespace $release) (printf "%s/%s" $root.Release.Namespace $root.Release.Name) -}}
{{- $problems = append $problems (printf "%s has an operator already, of %s: upgrade that one, or give each its own namespaces with operator.watchNamespaces" .where (ternary (printf "the release %s of namespace %s" $release $namespace) "no Helm release" (ne $release ""))) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $problems -}}
{{- end -}}

{{/* Whether a cluster is asked; `helm template` knows API versions but no kinds. */}}
{{- define "camerastream.live" -}}
{{- if .Capabilities.APIVersions.Has "v1/Pod" -}}true{{- end -}}
{{- end -}}
