-- Who represents a group. The places of a group are taken by the live hosts of its swarm
-- in the order in which they announce (R1, R6).

-- representatives_of lists a group's, after those have left that are due.
local function representatives_of(swarm, backlog)
  local members = call('SMEMBERS', swarm .. ':R')
  if not backlog then
    return members
  end
  local living = {}
  for _, addr in ipairs(members) do
    local seen = tonumber(call('HGET', record_key(addr), 'last_seen'))
    if seen and seen + ttl > now then
      living[#living + 1] = addr
    else
      rare().expire_host(addr)
      call('SREM', swarm .. ':R', addr) -- even if its record was lost
    end
  end
  return living
end

local function contains(list, wanted)
  for _, entry in ipairs(list) do
    if entry == wanted then
      return true
    end
  end
  return false
end

-- elect walks from the rack outwards for as long as the host represents the group, and
-- takes a place where one is free. It returns how many groups the host represents, and a
-- list of representatives for each group it came to.
local function elect(host, path, deadline, backlog)
  local lists = {}
  for level = 1, #path - 1 do
    local members = representatives_of(path[level], backlog)
    lists[level] = members
    if not contains(members, host.address) then
      if #members >= max_repr then
        return level - 1, lists
      end
      call('SADD', path[level] .. ':R', host.address)
      if level == 1 then
        call('SADD', peers_R, host.address)
        drop_lists(path[1])
      end
    elseif #members > max_repr then -- the bound was lowered
      rare().withdraw(host, path, level)
      return level - 1, lists
    end
    call('ZADD', path[level + 1] .. kind(host), deadline, contact(host))
  end
  return #path - 1, lists
end
