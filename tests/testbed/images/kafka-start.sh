#!/bin/sh
# Stands in for the start of Kafka's own image: KAFKA_NODE_ID=1 becomes node.id=1, the disk is formatted, Kafka runs.
set -eu
properties=/tmp/server.properties
echo "log.dirs=${KAFKA_LOG_DIRS:-/tmp/kraft-combined-logs}" > "$properties"
env | while IFS='=' read -r name value; do
  case $name in
    KAFKA_LOG_DIRS) ;;
    KAFKA_*) echo "$(echo "${name#KAFKA_}" | tr 'A-Z_' 'a-z.')=$value" >> "$properties" ;;
  esac
done
run() {
  java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx384m -Dlog4j2.configurationFile=/opt/kafka/log4j2.xml -cp '/opt/kafka/libs/*' "$@"
}
run kafka.tools.StorageTool format --ignore-formatted --cluster-id "${CLUSTER_ID:-5L6g3nShT-eMCtK--X86sw}" --config "$properties"
exec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx384m -Dlog4j2.configurationFile=/opt/kafka/log4j2.xml -cp '/opt/kafka/libs/*' kafka.Kafka "$properties"
