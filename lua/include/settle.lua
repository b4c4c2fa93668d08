-- activate makes a transfer active that nobody registered, unless an operator ended it or the host
-- stops. It returns the status if it does not.
local function activate()
  local ended = call('GET', closed)
  if ended or auto == '' or event == 'stopped' then
    return string.find(ended or '', ' stop', 1, true) and -1 or 0
  elseif auto ~= 'reserved' then
    return -2
  end
  call('SET', registered, rfc3339(now))
  tell('registered', '')
end

-- settle_again returns the host of an announce that is repeated with a lease, and its swarms. It was
-- recorded the first time, and may have said more since: so nothing is written of it.
local function settle_again(recorded)
  local host = known_host(recorded)
  if not host or not host.live then
    return { live = false }
  end
  host.represented = came_first ~= '' and 0 or #host.shelves - 1
  return host, swarms_of(host.rack)
end

-- settle records the host, whatever has changed, unless it is to come back. It returns the host and the
-- swarms it may be in; a host that stops is not live then.
local function settle(recorded)
  if lease ~= '' then
    return settle_again(recorded)
  end
  local host = find_host(recorded)
  if not host then
    return { live = false }
  elseif event == 'stopped' then
    record(host, 'gone')
    write_state(host)
    settle_machine(host)
    return host
  elseif should_defer(host) then
    tell('defer')
    return { live = false }
  end
  if replaced then
    forget(replaced, 'replaced')
    loaded[host.address] = host
  end
  arrive(host)
  local path = swarms_of(host.rack)
  host.seen = now
  record(host, left == '0' and 'seeder' or event == 'paused' and 'paused' or 'leecher')
  -- As soon as a second host has a peer id and key, nobody knows whose the other address of the first
  -- one is. Whoever said it says it again.
  local namesake = host.namesake and load_host(host.namesake)
  if namesake and namesake.id == host.id and namesake.also ~= '' then
    detach(namesake)
  end
  if replaced and not host.before then
    inherit(host, replaced, host.came)
  end
  if not host.live then
    enter(host, path)
    settle_machine(host)
  end
  return host, path
end
