-- choosing holds what is needed where no list is ready, defined only there; see rare.
local function choosing()
-- include: look
-- include: ready
-- include: sample
  return make_list, sampled, peer_ids
end

-- hand_out returns the text of whom the host is handed, as the header of the script tells,
-- and the peer ids.
--
-- Most announces are those of hosts that represent nothing, in a rack where nothing has
-- changed since the last one. For them the rack's list is kept ready as one string, that is
-- dropped whenever a host or a place changes: it costs a tenth of putting it together.
local function hand_out(host, path, represents, representatives)
  if want == 0 then
    return '', {}
  end
  local whole_rack = represents == 0 and not backlog and ids == '' and host.address == address
  local list_key = path[1] .. (host.state == 'seeder' and ':list:L' or ':list:N')
  local kept = whole_rack and call('GET', list_key)
  if kept then
    return kept, {}
  end
  local make_list, sampled, peer_ids = choosing()
  local list = whole_rack and make_list(host, list_key, path[1], representatives[1])
  if list then
    return list, {}
  end
  local contacts = sampled(host, path, represents, representatives)
  return #contacts .. '\n' .. table.concat(contacts, '\n'), ids ~= '' and peer_ids(contacts) or {}
end
