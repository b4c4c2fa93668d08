-- What a host sees of its swarms; the frontend chooses from it. While hosts are due that one call
-- could not expire, each host on a page is checked before it is handed out: at most 512 of a swarm.

-- is_there says whether a host on a page of path[level] is live, and still represents its group.
local function is_there(entry, path, level, scope)
  local addr = string.match(entry, '^%S+')
  if is_due(addr) then
    return false
  elseif level == 1 or scope ~= 'rack' then
    return true
  end
  local represented
  for _, swarm_name in ipairs(swarms_of(load_host(addr).rack)) do
    if swarm_name == path[level] then
      return not represented or held_for(represented, addr) > due
    end
    represented = swarm_name
  end
end

local function only_live(text, path, level, scope)
  local list = {}
  for entry in string.gmatch(text, '[^\n]+') do
    if is_there(entry, path, level, scope) then
      list[#list + 1] = '\n' .. entry
    end
  end
  return table.concat(list)
end

-- views are of all swarms that the host sees.
local function views(host, path, represents, a)
  local list = {}
  for level = 1, a.want > 0 and represents + 1 or 0 do
    local swarm = read_swarm(path[level])
    local seeders = host.state == 'seeder' and 0 or swarm.seeders
    list[#list + 1] = swarm.text
    local first = #list + 1
    local n = backlog and 8 * PAGE or a.want + swarm.representatives + 1
    draw(swarm.name, swarm.leechers, seeders, n, a.seed, list)
    for i = first, backlog and #list or 0 do
      list[i] = only_live(list[i], path, level, a.scope)
    end
  end
  return list
end

-- peer_ids are those of all hosts in view: an address and its peer id by turns.
local function peer_ids(texts)
  local list = {}
  for _, text in ipairs(texts) do
    for line in string.gmatch(text, '\n([^\n]+)') do
      local addr = string.match(line, '^%a+ (%S+)') or string.match(line, '^%S+')
      list[#list + 1] = addr
      list[#list + 1] = call('HGET', record_key(addr), 'peer_id') or ''
    end
  end
  return list
end
