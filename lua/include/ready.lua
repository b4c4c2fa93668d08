-- make_list puts the list of a whole rack together, and keeps it. It is nil
-- if the rack is too large for one.
local READY_HOSTS = 64

local function make_list(host, list_key, rack_swarm, representatives)
  local rack = open_swarm(host, rack_swarm)
  if rack.total > READY_HOSTS then
    return nil
  end
  local list, everybody, skip = fellows(host, representatives), {}, {}
  local first = #list
  for _, entry in ipairs(list) do
    skip[entry] = true
  end
  window(rack, 0, rack.total, everybody)
  for _, entry in ipairs(everybody) do
    if not skip[entry] then
      list[#list + 1] = entry
    end
  end
  local text = first .. '\n' .. table.concat(list, '\n')
  call('SET', list_key, text)
  return text
end
