-- activate makes a transfer active that nobody registered, unless an operator ended it.
local function activate()
  if auto == '' or call('EXISTS', closed) == 1 then
    return false
  end
  call('SET', registered, rfc3339(now))
  return true
end

-- settle records the host, whatever has changed. It returns the host, the swarms it may
-- be in, and when it expires; a host that stops is not live then.
local function settle(recorded)
  local host, touch = find_host(recorded)
  if event == 'stopped' then
    record(host, 'gone', touch)
    return host
  end
  local path = swarms_of(host.rack)
  local deadline = touch and now + ttl or deadline_of(host, path)
  record(host, left == '0' and 'seeder' or event == 'paused' and 'paused' or 'leecher', touch)
  enter(host, path, deadline)
  return host, path, deadline
end
