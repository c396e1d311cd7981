/// The JSON of an app, with Sockudo's names.
///
/// Written and read with a `policy` object; the older form with every policy field beside `id` is read too, and ignored
/// where there is a `policy`. A limit that is absent or null takes the default of ``AppLimits``. Keys that are not
/// known are skipped.
extension App: Codable {
    /// The keys beside each other at the root of an app.
    package enum CodingKeys: String, CodingKey, CaseIterable {
        case id
        case key
        case secret
        case previousSecrets = "previous_secrets"
        case isEnabled = "enabled"
        case policy
    }

    package init(from decoder: any Decoder) throws {
        let root = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            id: try root.decode(String.self, forKey: .id),
            key: try root.decode(String.self, forKey: .key),
            secret: try root.decode(String.self, forKey: .secret)
        )
        previousSecrets = try root.decodeIfPresent([String].self, forKey: .previousSecrets) ?? []
        isEnabled = try root.decodeIfPresent(Bool.self, forKey: .isEnabled) ?? true
        policy = try root.decodeIfPresent(AppPolicy.self, forKey: .policy) ?? AppPolicy(flat: decoder)
    }

    package func encode(to encoder: any Encoder) throws {
        var root = encoder.container(keyedBy: CodingKeys.self)
        try root.encode(id, forKey: .id)
        try root.encode(key, forKey: .key)
        try root.encode(secret, forKey: .secret)
        if !previousSecrets.isEmpty {
            try root.encode(previousSecrets, forKey: .previousSecrets)
        }
        try root.encode(isEnabled, forKey: .isEnabled)
        try root.encode(policy, forKey: .policy)
    }

    /// Everything about the app that is neither its name nor its credentials, as one value to store.
    package var policy: AppPolicy {
        get {
            AppPolicy(
                limits: limits,
                features: features,
                allowedOrigins: allowedOrigins,
                webhooks: webhooks,
                idempotency: idempotency
            )
        }
        set {
            limits = newValue.limits
            features = newValue.features
            allowedOrigins = newValue.allowedOrigins
            webhooks = newValue.webhooks
            idempotency = newValue.idempotency
        }
    }
}
