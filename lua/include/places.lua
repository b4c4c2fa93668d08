-- Places of representatives, taken and freed outside the common way.

local function take_place(host, path, level)
  call('SADD', path[level] .. ':R', host.address)
  if level == 1 then
    call('SADD', peers_R, host.address)
  end
  drop_lists(path[level])
  drop_lists(path[level + 1])
end

-- living_representatives lists a group's, after those have left that are due.
local function living_representatives(swarm)
  local living = {}
  for _, addr in ipairs(call('SMEMBERS', swarm .. ':R')) do
    if not is_due(addr) then
      living[#living + 1] = addr
    else
      expire_host(addr)
      call('SREM', swarm .. ':R', addr) -- even if its record was lost
    end
  end
  return living
end
