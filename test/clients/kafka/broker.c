/*
 * A Kafka broker for tests: librdkafka's mock cluster, which speaks the protocol on loopback and keeps its messages
 * in memory, and a producer for it.
 *
 *   broker TOPIC
 *
 * The first line that it prints is the broker's address. Each line that it then reads is a message to send, but for
 * the lines "down" and "up", which take the broker off and back; it answers each that is done with a line. It ends
 * with its input.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

static void
fail(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

static void
set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char why[256];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK)
		fail(name, why);
}

static rd_kafka_t *
new_producer(const char *brokers)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_t *producer;
	char why[256];

	if (brokers)
		set(conf, "bootstrap.servers", brokers);
	producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
	if (!producer)
		fail("producer", why);
	return producer;
}

int
main(int argc, char **argv)
{
	const char *topic = argc == 2 ? argv[1] : "calls";
	rd_kafka_t *owner = new_producer(NULL), *producer;
	rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(owner, 1);
	rd_kafka_resp_err_t error;
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	if (!cluster)
		fail("cluster", "cannot be made");
	rd_kafka_mock_topic_create(cluster, topic, 2, 1);
	producer = new_producer(rd_kafka_mock_cluster_bootstraps(cluster));
	puts(rd_kafka_mock_cluster_bootstraps(cluster));
	fflush(stdout);

	while ((length = getline(&line, &size, stdin)) > 0) {
		if (line[length - 1] == '\n')
			line[--length] = '\0';
		if (strcmp(line, "down") == 0)
			rd_kafka_mock_broker_set_down(cluster, 1);
		else if (strcmp(line, "up") == 0)
			rd_kafka_mock_broker_set_up(cluster, 1);
		else {
			/* A full queue empties as the broker acknowledges. */
			while ((error = rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_VALUE(line, length),
								RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
				rd_kafka_poll(producer, 100);
			if (error)
				fail("produce", rd_kafka_err2str(error));
			continue;
		}
		puts(line);
		fflush(stdout);
	}
	rd_kafka_flush(producer, 10000);
	return 0;
}
