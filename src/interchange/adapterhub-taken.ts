import { InputError } from '../errors.ts';
import { shown } from '../settings/index.ts';

/** The attributes of torch's `ModuleDict` once transformers is loaded, beside those with an underscore in front: no module in it can be called so. */
export const taken =
  'T_destination add_module apply bfloat16 buffers call_super_init children clear compile cpu cuda double dump_patches eval extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu items keys load_state_dict modules mtia named_buffers named_children named_modules named_parameters parameters pop register_backward_hook register_buffer register_forward_hook register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory smart_apply state_dict to to_empty train training type update values xpu zero_grad'.split(
    ' ',
  );

/** Checks that AdapterHub's library can give an adapter this name, as the name of a module. @throws InputError */
export function checkHubName(name: string): void {
  const problem = /[.,]/.test(name)
    ? 'has a point or a comma'
    : name === '' || name.startsWith('_') || taken.includes(name)
      ? 'is taken or empty'
      : null;
  if (problem === null) return;
  throw new InputError(
    `AdapterHub's library cannot call an adapter ${shown(name)}, which ${problem} there; choose another --name (name), in a fusion another name of its run.`,
  );
}
