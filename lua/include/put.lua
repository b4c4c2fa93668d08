-- put sets a host behind the others in path[level], its rack's swarm or one around it.
local function put(host, path, level)
  local swarm, part = read_swarm(path[level]), kind(host)
  swarm[part] = swarm[part] + 1
  swarm.paused = swarm.paused + (host.state == 'paused' and 1 or 0)
  write_swarm(swarm)
  local n = math.ceil(swarm[part] / SHELF)
  local shelf = shelf_key(path[level], part, n)
  -- Not APPEND, which leaves room for more: 9 bytes a host.
  call('SET', shelf, (call('GET', shelf) or '') .. '\n' .. contact(host))
  host.shelves[level] = n
  if level == 1 then
    may_be_due(shelf, host.seen)
  else
    call('ZADD', shelves, 'NX', '+inf', string.sub(shelf, #tag + 2))
  end
end
