-- Whom the host is handed. While some are due who may still be there, each host on a shelf is
-- looked at before it is handed out: of at most 512 of a swarm, and those who came last.

-- is_standing says whether a host on a shelf of path[level] may be handed out.
local function is_standing(entry, path, level)
  local addr = string.match(entry, '^%S+')
  if last_seen(addr) <= due then
    return false
  elseif level == 1 or scope ~= 'rack' then
    return true
  end
  local represented
  for _, swarm in ipairs(swarms_of(load_host(addr).rack)) do
    if swarm == path[level] then
      return not represented or (held_for(represented, addr) or 0) > due
    end
    represented = swarm
  end
end

local function standing(text, path, level)
  local list = {}
  for entry in string.gmatch(text, '[^\n]+') do
    if is_standing(entry, path, level) then
      list[#list + 1] = '\n' .. entry
    end
  end
  return table.concat(list)
end

-- comes says whether a host lacks something and represented nothing before.
local function comes(host)
  return host.represented == 0 and host.state ~= 'seeder'
end

-- hand_out appends the views of all swarms that the host sees to the reply.
local function hand_out(host, path, represents, reply)
  local BACKLOG_HOSTS = 8 * SHELF
  for level = 1, want > 0 and represents + 1 or 0 do
    local swarm = read_swarm(path[level])
    local seeders = host.state == 'seeder' and 0 or swarm.seeders
    reply[#reply + 1] = swarm.text
    local first = #reply + 1
    local n = backlog and BACKLOG_HOSTS or want + swarm.representatives + 1
    local newest = level > 1 and comes(host) and swarm.leechers > swarm.seeders
    draw(swarm.name, swarm.leechers, seeders, n, reply, newest)
    for i = first, backlog and #reply or 0 do
      reply[i] = standing(reply[i], path, level)
    end
  end
end

-- peer_ids are those of all hosts in view: an address and its peer id by turns.
local function peer_ids(views)
  local list = {}
  for _, text in ipairs(views) do
    for line in string.gmatch(text, '\n([^\n]+)') do
      local addr = string.match(line, '^%a+ (%S+)') or string.match(line, '^%S+')
      list[#list + 1] = addr
      list[#list + 1] = call('HGET', record_key(addr), 'peer_id') or ''
    end
  end
  return list
end
