import AWSBackend

/// DynamoDB and SQS, with Sockudo's names where it has the key.
///
/// The access keys have no variables here: `AWS_ACCESS_KEY_ID` and the others are read where AWS's SDKs read them, with
/// the session token beside them.
enum AWSKeys {
    static let all = dynamoDB + sqs

    private static let dynamoDB: [SettingKey] =
        client(
            "database.dynamodb",
            "DATABASE_DYNAMODB",
            at: ClientPaths(
                region: \.dynamoDB.aws.region,
                endpointURL: \.dynamoDB.aws.endpointURL,
                accessKeyID: \.dynamoDB.aws.accessKeyID,
                secretAccessKey: \.dynamoDB.aws.secretAccessKey,
                profile: \.dynamoDB.aws.profile,
                callTimeout: \.dynamoDB.aws.callTimeout
            )
        ) + [
            .text(
                "database.dynamodb.table_name",
                "DATABASE_DYNAMODB_TABLE_NAME",
                at: \.dynamoDB.tableName,
                "Table of the apps"
            ),
            .text(
                "database.dynamodb.key_index_name",
                "MARTLET_DATABASE_DYNAMODB_KEY_INDEX_NAME",
                at: \.dynamoDB.keyIndexName,
                "Index that finds an app by its key"
            ),
        ]

    private static let sqs: [SettingKey] =
        client(
            "queue.sqs",
            "QUEUE_SQS",
            at: ClientPaths(
                region: \.sqs.aws.region,
                endpointURL: \.sqs.aws.endpointURL,
                accessKeyID: \.sqs.aws.accessKeyID,
                secretAccessKey: \.sqs.aws.secretAccessKey,
                profile: \.sqs.aws.profile,
                callTimeout: \.sqs.aws.callTimeout
            )
        ) + [
            .text("queue.sqs.queue_name", "MARTLET_QUEUE_SQS_QUEUE_NAME", at: \.sqs.queueName, "Name of the queue"),
            .optionalText(
                "queue.sqs.queue_url",
                "MARTLET_QUEUE_SQS_QUEUE_URL",
                at: \.sqs.queueURL,
                "URL of the queue, instead of its name"
            ),
            .optionalText(
                "queue.sqs.queue_url_prefix",
                "MARTLET_QUEUE_SQS_QUEUE_URL_PREFIX",
                at: \.sqs.queueURLPrefix,
                "What stands before the queue's name in its URL"
            ),
            .optionalText(
                "queue.sqs.dead_letter_queue_url",
                "MARTLET_QUEUE_SQS_DEAD_LETTER_QUEUE_URL",
                at: \.sqs.deadLetterQueueURL,
                "Queue for jobs that are given up, where the redrive policy names none"
            ),
            .flag(
                "queue.sqs.create_queue",
                "MARTLET_QUEUE_SQS_CREATE_QUEUE",
                at: \.sqs.createsQueue,
                "Make a missing queue and its dead-letter queue"
            ),
            .seconds(
                "queue.sqs.visibility_timeout",
                "QUEUE_SQS_VISIBILITY_TIMEOUT",
                at: \.sqs.visibilityTimeout,
                "Time to work on a job"
            ),
            .number("queue.sqs.max_messages", "QUEUE_SQS_MAX_MESSAGES", at: \.sqs.maxMessages, "Jobs in one answer"),
            .seconds(
                "queue.sqs.wait_time_seconds",
                "QUEUE_SQS_WAIT_TIME_SECONDS",
                at: \.sqs.waitTime,
                "Longest wait of one request for jobs"
            ),
            .number(
                "queue.sqs.concurrency",
                "QUEUE_SQS_CONCURRENCY",
                at: \.sqs.concurrency,
                "Requests for jobs at the same time while there are many"
            ),
            .number(
                "queue.sqs.max_receives",
                "MARTLET_QUEUE_SQS_MAX_RECEIVES",
                at: \.sqs.maxReceives,
                "How often a job is received before it is put aside"
            ),
            .flag("queue.sqs.fifo", "QUEUE_SQS_FIFO", at: \.sqs.isFIFO, "The queue is first in, first out"),
            .text(
                "queue.sqs.message_group_id",
                "MARTLET_QUEUE_SQS_MESSAGE_GROUP_ID",
                at: \.sqs.messageGroupID,
                "Message group of jobs without one of their own"
            ),
            .size(
                "queue.sqs.max_batch_bytes",
                "MARTLET_QUEUE_SQS_MAX_BATCH_BYTES",
                in: .bytes,
                at: \.sqs.maxBatchBytes,
                "Largest sum of the jobs in one request"
            ),
            .choice(
                "queue.sqs.protocol",
                "MARTLET_QUEUE_SQS_PROTOCOL",
                at: \.sqs.wireProtocol,
                "Protocol that the endpoint speaks"
            ),
        ]

    /// Where the keys that every service has are kept.
    private struct ClientPaths {
        var region: SettingPath<String?>
        var endpointURL: SettingPath<String?>
        var accessKeyID: SettingPath<String?>
        var secretAccessKey: SettingPath<String?>
        var profile: SettingPath<String?>
        var callTimeout: SettingPath<Duration>
    }

    /// The keys that every service has.
    private static func client(
        _ section: String,
        _ variables: String,
        at paths: ClientPaths
    ) -> [SettingKey] {
        [
            .optionalText(
                "\(section).region",
                "\(variables)_REGION",
                at: paths.region,
                "Region; else AWS_REGION, the profile's, us-east-1"
            ),
            .optionalText(
                "\(section).endpoint_url",
                "\(variables)_ENDPOINT_URL",
                at: paths.endpointURL,
                "URL instead of AWS's own"
            ),
            .optionalText(
                "\(section).aws_access_key_id",
                at: paths.accessKeyID,
                "Static key; else the SDKs' chain is searched"
            ),
            .optionalText(
                "\(section).aws_secret_access_key",
                at: paths.secretAccessKey,
                isSecret: true,
                "Secret of the static key"
            ),
            .optionalText(
                "\(section).aws_profile_name",
                at: paths.profile,
                "Profile of the shared files; else AWS_PROFILE"
            ),
            .milliseconds(
                "\(section).timeout_ms",
                "MARTLET_\(variables)_TIMEOUT_MS",
                at: paths.callTimeout,
                "Time for a call with all its attempts"
            ),
        ]
    }
}
