-- hand_out returns whom the host is handed, a line each, and how many of them come in any
-- case and in this order; the frontend takes the others at random, as many as are wanted.
local function hand_out(host, path, represents, representatives, backlog)
  if want == 0 then
    return '', 0
  end
  if represents == 0 and not backlog and ids == '' and host.address == address then
    local first, text = ready_list(host, path[1], representatives[1])
    if first then
      return text, first
    end
  end
  local contacts = sampled(host, path, represents, representatives, backlog)
  return table.concat(contacts, '\n'), #contacts
end
