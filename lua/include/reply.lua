-- reply is what the script returns for a transfer that is active.
local function reply(host, represents, contacts)
  local id_list = {}
  if ids ~= '' then
    for i, entry in ipairs(contacts) do
      id_list[i] = call('HGET', record_key(string.match(entry, '^%S+')), 'peer_id') or ''
    end
  end
  return { 1, call('SCARD', peers_S), call('SCARD', peers_L),
    tonumber(call('HGET', progress, 'completed')) or 0, host.joined and 1 or 0, represents,
    table.concat(contacts, '\n'), id_list }
end
