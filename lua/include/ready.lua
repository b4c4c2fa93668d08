-- Most announces are those of hosts that represent nothing, in a rack where nothing has
-- changed since the last one. For them the rack's list is kept ready as one string: it is
-- dropped whenever a host or a place changes, and costs a tenth of putting it together.
local READY_HOSTS = 64

-- ready_list returns the number of representatives at the head of the list, and the list;
-- nil if the rack is too large for one.
local function ready_list(host, rack_swarm, representatives)
  local list_key = rack_swarm .. (host.state == 'seeder' and ':list:L' or ':list:N')
  local kept = call('GET', list_key)
  if kept then
    local first, text = string.match(kept, '^(%d+)\n(.*)$')
    return tonumber(first), text
  end
  local all = open_swarm(host, rack_swarm, false)
  if all.total > READY_HOSTS then
    return nil
  end
  local list = fellows(host, representatives)
  local first, skip = #list, {}
  for _, entry in ipairs(list) do
    skip[entry] = true
  end
  window(all, 0, all.total, function(entry)
    if not skip[entry] then
      list[#list + 1] = entry
    end
  end)
  local text = table.concat(list, '\n')
  call('SET', list_key, first .. '\n' .. text)
  return first, text
end
