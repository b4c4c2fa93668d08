-- Who represents a group. The places of a group are taken by the live hosts of its swarm
-- in the order in which they announce (R1, R6).

-- elect walks from the rack outwards for as long as the host represents the group, and
-- takes a place where one is free. It returns how many groups the host represents, and a
-- list of representatives for each group it came to.
local function elect(host, path)
  local lists = {}
  for level = 1, #path - 1 do
    local members = backlog and rare().living_representatives(path[level])
      or call('SMEMBERS', path[level] .. ':R')
    lists[level] = members
    local mine = false
    for _, addr in ipairs(members) do
      mine = mine or addr == host.address
    end
    if not mine then
      if #members >= max_repr then
        return level - 1, lists
      end
      rare().take_place(host, path, level)
    elseif #members > max_repr then -- the bound was lowered
      rare().withdraw(host, path, level)
      return level - 1, lists
    end
    call('ZADD', path[level + 1] .. kind(host), host.seen, contact(host))
  end
  return #path - 1, lists
end
