-- reply is what the script returns for a transfer that is active.
local function reply(host, represents, peers, first)
  local id_list = {}
  if ids ~= '' then
    for addr in string.gmatch('\n' .. peers, '\n(%S+)') do
      id_list[#id_list + 1] = call('HGET', record_key(addr), 'peer_id') or ''
    end
  end
  return { 1, call('SCARD', peers_S), call('SCARD', peers_L),
    tonumber(call('HGET', progress, 'completed')) or 0, host.joined and 1 or 0, represents,
    first, peers, id_list }
end
