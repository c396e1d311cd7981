// swift-tools-version: 6.2

import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// Targets that wrap a C library review each unsafe expression.
let interopSettings = settings + [.strictMemorySafety()]

extension Target.Dependency {
    static let atomics = product(name: "Atomics", package: "swift-atomics")
    static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
    static let configuration = product(name: "Configuration", package: "swift-configuration")
    static let deque = product(name: "DequeModule", package: "swift-collections")
    static let hdrHistogram = product(name: "Histogram", package: "hdrhistogram-swift")
    static let heap = product(name: "HeapModule", package: "swift-collections")
    static let logging = product(name: "Logging", package: "swift-log")
    static let coreMetrics = product(name: "CoreMetrics", package: "swift-metrics")
    static let metrics = product(name: "Metrics", package: "swift-metrics")
    static let nioCore = product(name: "NIOCore", package: "swift-nio")
    static let nioEmbedded = product(name: "NIOEmbedded", package: "swift-nio")
    static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
    static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
    static let serviceLifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let toml = product(name: "TOMLKit", package: "TOMLKit")
}

let package = Package(
    name: "martlet",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", exact: "1.4.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", exact: "0.6.0"),
    ],
    targets: [
        .systemLibrary(
            name: "COpenSSL",
            path: "Sources/C/COpenSSL",
            pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"])]
        ),
        .systemLibrary(
            name: "CCurl",
            path: "Sources/C/CCurl",
            pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"])]
        ),
        .systemLibrary(
            name: "CHiredis",
            path: "Sources/C/CHiredis",
            pkgConfig: "hiredis",
            providers: [.apt(["libhiredis-dev"])]
        ),
        .target(name: "CAllocations", path: "Sources/C/CAllocations"),
        .systemLibrary(name: "CLinux", path: "Sources/C/CLinux"),
        .systemLibrary(
            name: "CLibXML2",
            path: "Sources/C/CLibXML2",
            pkgConfig: "libxml-2.0",
            providers: [.apt(["libxml2-dev"])]
        ),
        .target(name: "Digest", dependencies: ["COpenSSL"], swiftSettings: interopSettings),
        .target(name: "CurlHTTP", dependencies: ["CCurl", .deque], swiftSettings: interopSettings),
        .target(name: "PusherProtocol", dependencies: ["Digest", .nioCore], swiftSettings: settings),
        .target(
            name: "ServerCore",
            dependencies: ["PusherProtocol", "Digest", .logging, .coreMetrics, .nioCore],
            swiftSettings: settings
        ),
        .target(
            name: "ChannelHub",
            dependencies: ["ServerCore", "PusherProtocol", "Digest", .deque, .logging, .coreMetrics, .nioCore],
            exclude: ["LockOrder.md"],
            swiftSettings: settings
        ),
        .target(
            name: "Server",
            dependencies: [
                "ChannelHub", "ServerCore", "PusherProtocol", "Digest", .deque, .logging, .coreMetrics,
                .nioCore, .nioHTTP1, .nioPosix, .nioSSL, .serviceLifecycle,
            ],
            swiftSettings: settings
        ),
        .target(
            name: "AWSBackend",
            dependencies: ["CLibXML2", "ServerCore", "CurlHTTP", "Digest", .coreMetrics, .logging],
            path: "Sources/Backends/AWS",
            exclude: ["RESULTS.md"],
            swiftSettings: interopSettings
        ),
        .target(
            name: "Webhooks",
            dependencies: [
                "ServerCore", "Digest", "CurlHTTP", .coreMetrics, .deque, .logging, .serviceLifecycle,
            ],
            swiftSettings: settings
        ),
        .target(
            name: "MemoryBackend",
            dependencies: ["PusherProtocol", "ServerCore", .deque, .heap, .nioCore],
            path: "Sources/Backends/Memory",
            swiftSettings: settings
        ),
        .target(
            name: "RedisBackend",
            dependencies: [
                "CHiredis", "Digest", "PusherProtocol", "ServerCore", .coreMetrics, .deque, .logging, .nioCore,
                .nioPosix,
                .nioSSL,
            ],
            path: "Sources/Backends/Redis",
            swiftSettings: interopSettings
        ),
        .target(name: "PrometheusMetrics", dependencies: [.coreMetrics], swiftSettings: settings),
        .executableTarget(
            name: "martlet",
            dependencies: [
                "AWSBackend", "ChannelHub", "CurlHTTP", "MemoryBackend", "PrometheusMetrics", "RedisBackend", "Server",
                "ServerCore",
                "Webhooks",
                .argumentParser, .configuration, .coreMetrics, .logging, .serviceLifecycle, .toml, .unixSignals,
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "martlet-bench",
            dependencies: [
                "CAllocations", "CLinux", "COpenSSL", "ChannelHub", "Digest", "PusherProtocol", "ServerCore",
                .argumentParser, .coreMetrics, .hdrHistogram, .nioCore, .nioPosix,
            ],
            exclude: ["CLUSTER.md", "RESULTS.md", "latency.svg"],
            swiftSettings: settings
        ),
        .target(
            name: "TestSupport",
            dependencies: ["ServerCore", .nioCore, .nioHTTP1, .nioPosix],
            path: "Tests/Support",
            exclude: [
                "Services/aws-requirements.txt", "Services/credential_endpoints.py", "Services/emulated_aws.py",
                "Services/faulty_aws.py", "Services/moto_application.py",
                "Services/orphan.py",
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "AWSBackendTests",
            dependencies: [
                "AWSBackend", "PrometheusMetrics", "ServerCore", "CurlHTTP", "TestSupport", .coreMetrics, .logging,
                .nioCore,
            ],
            swiftSettings: settings
        ),
        .testTarget(name: "DigestTests", dependencies: ["Digest"], swiftSettings: settings),
        .testTarget(
            name: "CurlHTTPTests",
            dependencies: ["CurlHTTP", "TestSupport", .nioCore, .nioPosix],
            swiftSettings: settings
        ),
        .testTarget(
            name: "PusherProtocolTests",
            dependencies: ["PusherProtocol", "Digest", "TestSupport", .nioCore],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ChannelHubTests",
            dependencies: [
                "ChannelHub", "MemoryBackend", "PrometheusMetrics", "PusherProtocol", "ServerCore", "TestSupport",
                .coreMetrics, .logging, .nioCore, .nioEmbedded, .nioPosix,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "PrometheusMetricsTests",
            dependencies: ["PrometheusMetrics", "ServerCore", "TestSupport", .coreMetrics],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ServerCoreTests",
            dependencies: [
                "PrometheusMetrics", "PusherProtocol", "ServerCore", "TestSupport", .coreMetrics, .logging, .nioCore,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "MemoryBackendTests",
            dependencies: ["MemoryBackend", "ServerCore", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "RedisBackendTests",
            dependencies: [
                "PusherProtocol", "RedisBackend", "ServerCore", "TestSupport", .coreMetrics, .logging, .nioCore,
                .nioPosix,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ConformanceTests",
            dependencies: [
                "AWSBackend", "CurlHTTP", "MemoryBackend", "PusherProtocol", "RedisBackend", "ServerCore",
                "TestSupport", .coreMetrics, .logging, .nioCore, .nioPosix,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "WebhooksTests",
            dependencies: [
                "Webhooks", "AWSBackend", "CurlHTTP", "Digest", "MemoryBackend", "ServerCore", "TestSupport",
                .logging, .coreMetrics, .serviceLifecycle,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "MartletTests",
            dependencies: [
                "martlet", "RedisBackend", "AWSBackend", "Server", "ServerCore", "ChannelHub", "TestSupport",
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "ChannelHub", "Digest", "MemoryBackend", "PrometheusMetrics", "PusherProtocol", "Server", "ServerCore",
                "TestSupport",
                .coreMetrics, .logging, .nioCore, .nioEmbedded, .nioHTTP1, .nioPosix, .nioSSL, .serviceLifecycle,
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "martlet-echo",
            dependencies: ["PusherProtocol", .nioCore, .nioHTTP1, .nioPosix],
            path: "Tests/EchoServer",
            swiftSettings: settings
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["AWSBackend", "CurlHTTP", "TestSupport", "martlet", "martlet-echo", .logging],
            exclude: ["Python", "requirements.txt", "server.json"],
            swiftSettings: settings
        ),
    ],
    swiftLanguageModes: [.v6]
)
