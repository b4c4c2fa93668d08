-- Who represents a group. The places of a group are taken by the live hosts of its swarm
-- in the order in which they announce (R1, R6).

-- all_held says under REPR_SCOPE=rack whether the leases of all these representatives run; nil
-- under transfer. It does what group_of and good_for do by itself, since those are in `rare`,
-- which most calls can do without: 4 µs of 60.
local all_held = scope == 'rack' and function(swarm, members)
  local places = { leases }
  for i, addr in ipairs(members) do
    places[i + 1] = string.sub(swarm, #tag + 7) .. ' ' .. addr
  end
  for _, token in ipairs(#members > 0 and call('HMGET', unpack(places)) or {}) do
    if not token or math.floor(token / 1e6 + ttl / 4) <= due then
      return false
    end
  end
  return true
end

-- elect walks from the rack outwards for as long as the host represents the group, and
-- takes a place where one is free. It returns how many groups the host represents, and a
-- list of representatives for each group it came to.
--
-- In the swarm around its group a representative is seen no later than it announced, and
-- under REPR_SCOPE=rack no later than its lease is good for.
local function elect(host, path)
  local lists = {}
  for level = 1, #path - 1 do
    local swarm = path[level]
    local members = call('SMEMBERS', swarm .. ':R')
    if backlog or all_held and not all_held(swarm, members) then
      members = rare().standing_representatives(swarm)
    end
    lists[level] = members
    local mine = false
    for _, addr in ipairs(members) do
      mine = mine or addr == host.address
    end
    if not mine then
      if #members >= max_repr or not rare().take_place(host, path, level) then
        return level - 1, lists
      end
    elseif #members > max_repr then -- the bound was lowered
      rare().withdraw(host, path, level, 'bound')
      return level - 1, lists
    end
    local seen = host.seen
    if scope == 'rack' then
      seen = math.min(seen, rare().keep_lease(host, swarm))
    end
    call('ZADD', path[level + 1] .. kind(host), seen, contact(host))
  end
  return #path - 1, lists
end
