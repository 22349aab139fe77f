{{/* Whether the operator makes cameras. With an empty list it removes those of an earlier one. */}}
{{- define "camerastream.cameras.given" -}}
{{- if kindIs "slice" .Values.cameras -}}true{{- end -}}
{{- end -}}

{{/* Tells this release's cameras from everybody else's: the value of their label. */}}
{{- define "camerastream.cameras.listName" -}}
{{- $name := printf "%s.%s" .Release.Namespace .Release.Name -}}
{{- if gt (len $name) 63 -}}
{{- $name = printf "%s-%s" (trunc 46 $name | trimSuffix "-" | trimSuffix ".") (sha256sum $name | trunc 16) -}}
{{- end -}}
{{- $name -}}
{{- end -}}

{{- define "camerastream.cameras.configMap" -}}
{{- include "camerastream.operator.fullname" . }}-cameras
{{- end -}}

{{/* JSON, since toYaml writes large numbers with an exponent. */}}
{{- define "camerastream.cameras.file" -}}
{{- $root := . -}}
{{- $cameras := list -}}
{{- range .Values.cameras -}}
{{- $namespace := default $root.Release.Namespace .namespace -}}
{{- $cameras = append $cameras (dict "name" .name "namespace" $namespace "labels" (default dict .labels) "spec" .spec) -}}
{{- end -}}
{{- dict "name" (include "camerastream.cameras.listName" .) "cameras" $cameras | toPrettyJson -}}
{{- end -}}

{{- define "camerastream.problems.cameras" -}}
{{- $problems := list -}}
{{- $watched := .Values.operator.watchNamespaces -}}
{{- $seen := dict -}}
{{- $root := . -}}
{{- range .Values.cameras -}}
{{- $namespace := default $root.Release.Namespace .namespace -}}
{{- if not (regexMatch "^[a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?$" .name) -}}
{{- $problems = append $problems (printf "cameras: %q is no name of a camera: write 1 to 52 lower-case letters, digits or '-', for example lobby-entrance" .name) -}}
{{- end -}}
{{- if not (regexMatch "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$" $namespace) -}}
{{- $problems = append $problems (printf "cameras: %s: %q is no namespace: write the name of one that exists" .name $namespace) -}}
{{- else if and $watched (not (has $namespace $watched)) -}}
{{- $problems = append $problems (printf "cameras: %s would be in the namespace %s, which is not watched: write namespace: %s with it, or add %s to operator.watchNamespaces" .name $namespace (first $watched) $namespace) -}}
{{- end -}}
{{- $key := printf "%s/%s" $namespace .name -}}
{{- if hasKey $seen $key -}}
{{- $problems = append $problems (printf "cameras: %s is there twice in the namespace %s: give one of the two another name" .name $namespace) -}}
{{- end -}}
{{- $_ := set $seen $key true -}}
{{- if regexMatch "^[a-z]+://[^/?#]*@" (dig "source" "url" "" .spec) -}}
{{- $problems = append $problems (printf "cameras: %s has a user name and a password in spec.source.url, where everybody sees them: write them in a Secret and its name in spec.source.credentialsSecretRef" .name) -}}
{{- end -}}
{{- end -}}
{{- toYaml (uniq $problems) -}}
{{- end -}}
