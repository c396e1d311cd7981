import ServerCore

/// Runs something at Redis and throws its failure as the ports know it.
func backend<Value: Sendable>(
    _ body: () async throws(RedisError) -> Value
) async throws(BackendError) -> Value {
    do throws(RedisError) {
        return try await body()
    } catch {
        throw error.backendError
    }
}

/// Does something without waiting and throws its failure as the ports know it.
func backend<Value>(_ body: () throws(RedisError) -> Value) throws(BackendError) -> Value {
    do throws(RedisError) {
        return try body()
    } catch {
        throw error.backendError
    }
}
