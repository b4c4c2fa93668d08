-- choosing holds what is needed where no list is ready, defined only there; see rare.
local function choosing()
-- include: look
-- include: ready
-- include: sample
  return make_list, sampled, peer_ids
end

-- hand_out returns whom the host is handed, a line each, after how many of them come in any
-- case and in this order; the frontend takes the others at random, as many as are wanted.
-- Third come the peer ids, if they are wanted.
--
-- Most announces are those of hosts that represent nothing, in a rack where nothing has
-- changed since the last one. For them the rack's list is kept ready as one string, that is
-- dropped whenever a host or a place changes: it costs a tenth of putting it together.
local function hand_out(host, path, represents, representatives, backlog)
  if want == 0 then
    return 0, '', {}
  end
  local whole_rack = represents == 0 and not backlog and ids == '' and host.address == address
  local list_key = path[1] .. (host.state == 'seeder' and ':list:L' or ':list:N')
  local kept = whole_rack and call('GET', list_key)
  if kept then
    local line = string.find(kept, '\n', 1, true)
    return tonumber(string.sub(kept, 1, line - 1)), string.sub(kept, line + 1), {}
  end
  local make_list, sampled, peer_ids = choosing()
  if whole_rack then
    local first, text = make_list(host, list_key, path[1], representatives[1])
    if first then
      return first, text, {}
    end
  end
  local contacts = sampled(host, path, represents, representatives, backlog)
  return #contacts, table.concat(contacts, '\n'), ids ~= '' and peer_ids(contacts) or {}
end
