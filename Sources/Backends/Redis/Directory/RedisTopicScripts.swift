/// What happens to a topic, each as one script on keys of one slot.
///
/// The state is a hash; empty fields are as good as absent: `v` the version, `t` all subscriptions, `o` 1 while
/// webhooks know that the channel is occupied, `g` the millisecond at which they are told that it was vacated, `x` 1
/// after they were told that nothing was kept, `c` the number of the last news, `a` the news that nobody acknowledged
/// yet. The keys go with the last who is in the topic, once everything was told and acknowledged; versions and
/// numbers follow the clock, so that they grow beyond that.
enum RedisTopicScripts {
    /// Asserts a node's part.
    ///
    /// KEYS: those of `RedisTopicKeys.forUpdate`. ARGV: node, reporter, publishing command, message topic,
    /// subscriptions, their limit, members' limit, `ClusterUpdate.Telling`, grace period in milliseconds, number of
    /// the acknowledged news, `Flags`, a tombstone's milliseconds, the greatest version seen, the milliseconds in which
    /// nodes say again what was forgotten, the count of departures, of each 1 if broken plus 2 if known and the user,
    /// the count of members, of each user, info and 1 if the member was noted before or 2 if departed.
    ///
    /// Returns 1 if the reporter is buried, otherwise 0, or 2 if the topic is older than what was seen, version, accepted subscriptions, all subscriptions, users,
    /// milliseconds until something settles or -1, refused users, news, members as users and their entries or null,
    /// retained value or null, its milliseconds.
    static let update = RedisScript(
        prologue + news + membership + departures + subscriptions + arrivals + vacancy + settling + epilogue
    )

    /// What an update asks for; as numbers in `update`.
    enum Flags {
        static let isWhole = 1
        static let isBroken = 2
        static let settles = 4
        static let wantsMembers = 8
        static let wantsRetained = 16
        static let wasNoted = 32
        static let wasLeft = 64
    }

    /// Counts who is in a topic.
    ///
    /// KEYS: state, users. Returns subscriptions and users.
    static let counts = RedisScript(
        """
        return {tonumber(redis.call('HGET', KEYS[1], 't')) or 0, redis.call('HLEN', KEYS[2])}
        """
    )

    /// Reads what is kept.
    ///
    /// KEYS: the value. Returns it or null, and its milliseconds.
    static let retained = RedisScript(
        """
        return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}
        """
    )

    private static let prologue = """
        local stateKey, nodesKey, membersKey, usersKey, toldKey = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
        local newsKey, retainedKey = KEYS[6], KEYS[10]
        local node, isBurial = ARGV[1], ARGV[1] ~= ARGV[2]
        if redis.call('EXISTS', KEYS[8]) == 1 then return {1} end
        if isBurial then redis.call('SET', KEYS[9], '1', 'PX', ARGV[12]) end
        local time = redis.call('TIME')
        local micros = time[1] * 1000000 + time[2]
        local now = math.floor(micros / 1000)
        local function has(flags, flag) return flags % (2 * flag) >= flag end
        local telling, flags, grace = tonumber(ARGV[8]), tonumber(ARGV[11]), tonumber(ARGV[9])
        local tellsOccupancy, tellsMembers, tellsMisses = has(telling, 1), has(telling, 2), has(telling, 4)
        local sendsCounts, sendsEdges = has(telling, 8), has(telling, 16)
        local isWhole, isBroken, settles = has(flags, 1), has(flags, 2), has(flags, 4)
        local wantsMembers, wantsRetained, wasNoted = has(flags, 8), has(flags, 16), has(flags, 32)
        local wasLeft = has(flags, 64)
        local function decimal(number) return string.format('%.0f', number) end
        local state = redis.call('HMGET', stateKey, 'v', 't', 'o', 'g', 'x', 'c', 'a', 'b')
        local version, total = tonumber(state[1]) or 0, tonumber(state[2]) or 0
        local isTold, vacancy, isMissTold = state[3] == '1', tonumber(state[4]), state[5] == '1'
        local number, unread = tonumber(state[6]) or 0, tonumber(state[7]) or 0
        local birth, seen = version == 0 and micros or tonumber(state[8]) or 0, tonumber(ARGV[13])
        local hasForgotten = seen > 0 and (version < seen or seen < birth)
        local mourning = decimal(now + math.max(grace, tonumber(ARGV[14])))
        local function send(sign, text)
          local previous = version
          version = math.max(version + 1, micros)
          redis.call(ARGV[3], ARGV[4], sign .. decimal(version) .. ' ' .. decimal(previous) .. ' ' .. text)
        end
        local function tell(content)
          number = math.max(number + 1, micros)
          unread = unread + 1
          redis.call('RPUSH', newsKey, decimal(number) .. ' ' .. content)
        end

        """

    /// Drops what was acknowledged and takes over what a buried node had to tell.
    ///
    /// Those get new numbers, so that no acknowledgement that is under way can mean them.
    private static let news = """
        local function split(text)
          local space = string.find(text, ' ', 1, true)
          return tonumber(string.sub(text, 1, space - 1)), string.sub(text, space + 1)
        end
        local acknowledged = tonumber(ARGV[10])
        while acknowledged > 0 do
          local first = redis.call('LINDEX', newsKey, 0)
          if not first or split(first) > acknowledged then break end
          redis.call('LPOP', newsKey)
          unread = unread - 1
        end
        while isBurial do
          local first = redis.call('LPOP', KEYS[7])
          if not first then break end
          unread = unread - 1
          local _, content = split(first)
          tell(content)
        end

        """

    private static let membership = """
        local function firstRemoval()
          local first = redis.call('ZRANGE', toldKey, 0, 0, 'WITHSCORES')
          if first[2] and first[2] ~= 'inf' then return tonumber(first[2]) end
        end
        local function leave(user, isBroken, isKnown)
          if redis.call('HDEL', membersKey, user) == 0 then
            if hasForgotten and isKnown and tellsMembers and redis.call('HEXISTS', usersKey, user) == 0 then
              redis.call('ZADD', toldKey, 'NX', mourning, user)
            end
            return
          end
          local count, info = split(redis.call('HGET', usersKey, user) or '1 ')
          if count > 1 then
            redis.call('HSET', usersKey, user, decimal(count - 1) .. ' ' .. info)
            return
          end
          redis.call('HDEL', usersKey, user)
          send('-', #user .. ' ' .. user)
          if not redis.call('ZSCORE', toldKey, user) then return end
          if isBroken and grace > 0 then
            redis.call('ZADD', toldKey, decimal(now + grace), user)
          else
            redis.call('ZREM', toldKey, user)
            tell('r' .. user)
          end
        end
        local function arrive(user, info, isKnown)
          redis.call('HSET', membersKey, user, info)
          redis.call('HSET', usersKey, user, '1 ' .. info)
          send('+', #user .. ' ' .. user .. info)
          if redis.call('ZSCORE', toldKey, user) then
            redis.call('ZADD', toldKey, 'inf', user)
          elseif tellsMembers then
            redis.call('ZADD', toldKey, 'inf', user)
            if not isKnown then tell('a' .. user) end
          end
        end

        """

    private static let departures = """
        local firstLeft = 16
        local firstJoined = firstLeft + 2 * tonumber(ARGV[15]) + 1
        local lastJoined = firstJoined + 3 * tonumber(ARGV[firstJoined - 1]) - 1
        local stays = {}
        for index = firstJoined, lastJoined, 3 do stays[ARGV[index]] = true end
        for index = firstLeft, firstJoined - 2, 2 do
          local flags = tonumber(ARGV[index])
          if not stays[ARGV[index + 1]] then leave(ARGV[index + 1], has(flags, 1), has(flags, 2)) end
        end
        if isWhole then
          for _, user in ipairs(redis.call('HKEYS', membersKey)) do
            if not stays[user] then leave(user, true, false) end
          end
        end

        """

    private static let subscriptions = """
        local accepted, limit = tonumber(ARGV[5]), tonumber(ARGV[6])
        local had, before = tonumber(redis.call('HGET', nodesKey, node)) or 0, total
        if limit > 0 then accepted = math.min(accepted, math.max(limit - (total - had), had)) end
        if accepted == 0 then
          if had > 0 then redis.call('HDEL', nodesKey, node) end
        elseif accepted ~= had then
          redis.call('HSET', nodesKey, node, decimal(accepted))
        end
        total = total - had + accepted
        local isEdge = (total == 0) ~= (before == 0)
        if total ~= before and (sendsCounts or sendsEdges and isEdge) then send('#', decimal(total) .. ' ') end
        if total > 0 and before == 0 then
          vacancy = nil
          if tellsOccupancy and not isTold then
            isTold = true
            if not wasNoted and not (hasForgotten and wasLeft) then tell('o') end
          end
        end

        """

    private static let arrivals = """
        local refused, most = {}, tonumber(ARGV[7])
        for index = firstJoined, lastJoined, 3 do
          local user, info = ARGV[index], ARGV[index + 1]
          local noted = redis.call('HGET', membersKey, user)
          if noted ~= info then
            local held = redis.call('HGET', usersKey, user)
            if held then
              local count = split(held) + (noted and 0 or 1)
              redis.call('HSET', membersKey, user, info)
              redis.call('HSET', usersKey, user, decimal(count) .. ' ' .. info)
            elseif most > 0 and redis.call('HLEN', usersKey) >= most then
              refused[#refused + 1] = user
            else
              arrive(user, info, ARGV[index + 2] == '1' or hasForgotten and ARGV[index + 2] == '2')
            end
          end
        end

        """

    private static let vacancy = """
        if total == 0 and before > 0 then
          isMissTold = false
          if isTold then
            if isBroken and grace > 0 then
              vacancy = now + grace
            elseif firstRemoval() then
              vacancy = now
            else
              isTold = false
              tell('v')
            end
          end
        elseif total == 0 and hasForgotten and (wasNoted or wasLeft) and tellsOccupancy and not isTold then
          isTold, vacancy = true, tonumber(mourning)
        end

        """

    /// Tells what has waited long enough: that the channel was vacated comes after all who left it.
    private static let settling = """
        if settles then
          for _, user in ipairs(redis.call('ZRANGEBYSCORE', toldKey, '-inf', decimal(now))) do
            redis.call('ZREM', toldKey, user)
            tell('r' .. user)
          end
        end
        local nextRemoval = firstRemoval()
        if settles and vacancy and vacancy <= now and not nextRemoval then
          isTold, vacancy = false, nil
          tell('v')
        end

        """

    private static let epilogue = """
        local value, remaining = false, 0
        if wantsRetained then
          value, remaining = redis.call('GET', retainedKey), redis.call('PTTL', retainedKey)
          if not value and tellsMisses and total > 0 and not isMissTold then
            isMissTold = true
            tell('m')
          end
        end
        local users = redis.call('HLEN', usersKey)
        if total == 0 and users == 0 and unread == 0 and not isTold and redis.call('EXISTS', toldKey) == 0 then
          redis.call('DEL', stateKey)
          -- What ended must not be taken for what was forgotten by nodes that remember it.
          if version > 0 then
            redis.call('HSET', stateKey, 'v', decimal(version), 'b', decimal(birth))
            redis.call('PEXPIRE', stateKey, 60000)
          end
        else
          -- What was sent while there was no state is older than this.
          if version == 0 then version = micros end
          local after = {
            decimal(version), decimal(total), isTold and '1' or '', vacancy and decimal(vacancy) or '',
            isMissTold and '1' or '', decimal(number), decimal(unread), decimal(birth)
          }
          -- Whoever kept a value while nobody was here let the state end with it.
          if not state[2] then redis.call('PERSIST', stateKey) end
          for index = 1, 8 do
            if (state[index] or '') ~= after[index] then
              redis.call('HSET', stateKey, 'v', after[1], 't', after[2], 'o', after[3], 'g', after[4], 'x', after[5],
                'c', after[6], 'a', after[7], 'b', after[8])
              break
            end
          end
        end
        local due = nextRemoval or vacancy
        return {
          hasForgotten and 2 or 0, decimal(version), decimal(accepted), decimal(total), users,
          due and decimal(math.max(due - now, 0)) or '-1', refused,
          unread > 0 and redis.call('LRANGE', newsKey, 0, 999) or {},
          wantsMembers and redis.call('HGETALL', usersKey), value, decimal(remaining)
        }
        """
}
