-- What is written of the host that announces: its record, the sums, the dates.

-- note_dates writes when the transfer and this host started and completed. left says that a host
-- has completed, since some clients say it late or never. Each host counts once.
local function note_dates(host, a)
  local own = record_key(host.address)
  local fresh = not host.before
  local today = (a.event ~= '' or host.before ~= a.left) and rfc3339(now)
  if a.left ~= '0' and (a.event == 'started' or fresh and a.event ~= 'stopped') then
    if call('SETNX', key('first_started'), today) == 1 then
      tell('started', call('GET', key('registered')), today, transfer_name())
    end
    call('SET', key('last_started'), today)
  end
  if a.left == '0' and not host.seeded and today then
    summary.downloaded = summary.downloaded + (date_completed(host) and 1 or 0)
  end
  if a.event ~= '' then
    call('HSET', own, 'last_event', a.event)
    if a.event ~= 'completed' then
      call('HSET', own, 'event:' .. a.event, today)
    end
  end
end

-- note_length takes the most that any host lacks as the length of a transfer that nobody
-- registered.
local function note_length(left)
  if left ~= '' and call('EXISTS', key('name')) == 0
    and tonumber(left) > tonumber(call('GET', key('length')) or 0) then
    call('SET', key('length'), left)
  end
end

-- record writes the host's record and the sums. A host whose state changes departs first. Fields
-- that each announce reads are written first, since Redis searches from the beginning.
local function record(host, a, state)
  local own, left = record_key(host.address), a.left
  if host.live and host.state ~= state then
    depart(host, state ~= 'gone' and 'changed' or left == '0' and 'finished' or 'stopped')
  end
  if not host.left then
    call('SADD', key('racks'), host.rack)
  end
  if not host.before then
    enrol(host)
  end
  if a.auto ~= '' then
    note_length(left)
  end
  local came = left == '0' and (host.came or not host.before and now) or nil
  tally(host, left, came and (host.seeded or not host.before and a.downloaded == '0') or nil)
  host.state = state
  local news = not host.live or a.event ~= ''
  if news then
    call('HSET', own, 'peer_id', a.peer_id)
    note(host.address, 'key', a.key)
  end
  call('HSET', own, 'rack', host.rack, 'left', left, 'uploaded', a.uploaded, 'downloaded', a.downloaded,
    'last_seen', now)
  if news then
    note(host.address, 'also', host.also)
    call('HSET', own, 'compact', a.compact, 'port', string.match(host.address, '%d+$'), 'seeder',
      left == '0' and 'True' or 'False')
    note(host.address, 'hostname', a.hostname)
    note(host.address, 'slow_news', a.slow_news and 'True' or '')
  end
  if not host.before and host.rack ~= a.location then
    call('HSET', own, 'rack6', a.location)
  end
  if came ~= host.came then
    host.came = came
    note(host.address, 'came', came or '')
    note(host.address, 'seeded', host.seeded and 'True' or '')
  end
  note_dates(host, a)
end

-- record_announce finds the host that announces and records it, unless it is crowded or deferred.
-- It returns the host, which is not live if it stops or is not recorded. recorded: the host last
-- seen at its address.
local function record_announce(a, recorded)
  local host = find_host(a, recorded)
  if not host then
    return { live = false }
  elseif a.event == 'stopped' then
    record(host, a, 'gone')
    write_state(host)
    update_machine(host)
    return host
  elseif should_defer(host, a) then
    tell('defer')
    return { live = false }
  end
  if replaced then
    forget(replaced, 'replaced')
    loaded[host.address] = host
  end
  arrive(host, a)
  host.seen = now
  record(host, a, a.left == '0' and 'seeder' or a.event == 'paused' and 'paused' or 'leecher')
  -- When a second host has a peer id and key, nobody knows whose the other address of the first one
  -- is. Its host says it again.
  local namesake = host.namesake and load_host(host.namesake)
  if namesake and namesake.id == host.id and namesake.also ~= '' then
    detach(namesake)
  end
  if replaced and not host.before then
    inherit(host, replaced, host.came)
  end
  if not host.live then
    enter(host)
    update_machine(host)
  end
  return host
end

-- find_recorded returns the host of an announce that is repeated with a lease. The first call has
-- recorded it, and it may have said more since, so nothing is written.
local function find_recorded(a, recorded)
  local host = known_host(a, recorded)
  return host and host.live and host or { live = false }
end
