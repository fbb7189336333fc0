"""Table B: what somebody may be up to, what is promised against it, and the tests that would fail without it."""

from __future__ import annotations

import attrs


@attrs.frozen
class Threat:
    """A threat and the promise, in the words of the page, and the names of tests under `tests/`."""

    what: str
    promise: str
    tests: tuple[str, ...]


THREATS: dict[str, list[Threat]] = {
    "Keys": [
        Threat(
            "a key in `repr`, `str`, `vars`, `pickle` or plain data",
            "it is held in an object that shows `'***'` and is not pickled",
            (
                "test_secret.py::test_printing",
                "test_secret.py::test_copying_out",
                "test_secret.py::test_nothing_that_holds_a_key_gives_it_away",
            ),
        ),
        Threat(
            "a key in the text of an error",
            "it is checked when it is given, and no error repeats it, nor an address that may hold one",
            (
                "test_secret.py::test_keys_that_cannot_be_sent",
                "test_secret.py::test_a_bad_key_of_the_environment_is_not_shown_either",
                "test_secret.py::test_a_key_in_an_address_is_not_shown",
                "core/test_exchange.py::test_a_key_that_the_provider_repeats_is_hidden",
            ),
        ),
        Threat(
            "a key in a traceback with local variables",
            "in no frame of any error in the tables above, whichever HTTP client is used",
            (
                "faults/test_rows.py::test_row",
                "faults/test_their_clients.py::test_row",
                "test_security.py::test_a_key_is_not_in_errors_logs_and_tracebacks",
            ),
        ),
        Threat(
            "a key in logs",
            "not with every logger at DEBUG, those of the HTTP libraries too; it is never part of an address",
            (
                "faults/test_rows.py::test_row",
                "test_secret.py::test_nothing_is_logged",
                "client/test_proxies.py::test_socks_passwords_are_not_logged",
                "core/test_endpoint.py::test_each_provider_has_its_header_for_the_key",
            ),
        ),
        Threat(
            "a key in what was recorded",
            "only headers of a list are kept, and what looks like a key is refused",
            (
                "test_record.py::test_no_key_gets_on_the_tape",
                "test_record.py::test_a_key_in_the_answer_is_refused",
                "test_cassettes.py::test_nothing_secret",
            ),
        ),
        Threat(
            "a redirect leads to another server",
            "none is followed, to wherever it leads: the key and all that was said would go along",
            (
                "test_security.py::test_no_redirect_is_followed",
                "client/test_their_clients.py::test_no_redirect_is_followed",
            ),
        ),
        Threat(
            "somebody listens on the way",
            "an address without TLS is refused, but for this machine's own or with `allow_insecure`",
            (
                "core/test_endpoint.py::test_addresses_that_are_not_to_be_used",
                "core/test_endpoint.py::test_an_unencrypted_address_that_is_trusted",
                "core/test_endpoint.py::test_nor_does_it_go_unencrypted",
            ),
        ),
        Threat(
            "somebody changes an address in the environment or in code",
            "a key of the environment goes to its provider's own address only; Azure's addresses are its users' own",
            (
                "core/test_endpoint.py::test_a_key_of_the_environment_goes_only_to_its_provider",
                "test_security.py::test_a_key_of_the_environment_goes_to_no_other_host",
                "test_security.py::test_which_providers_are_bound",
            ),
        ),
        Threat(
            "AWS's keys in logs, a signature that is used again, a clock that is wrong",
            "the secret is never shown, each try is signed anew, and the error of a wrong clock names the clock",
            (
                "core/test_sigv4.py::test_keys_are_not_shown",
                "core/test_aws.py::test_secrets_are_not_shown",
                "core/test_aws.py::test_vectors_of_retries",
                "dialects/bedrock_converse/test_decode.py::test_a_clock_that_is_wrong_is_named",
            ),
        ),
        Threat(
            "a file of keys that cannot be read",
            "no error repeats what is in it",
            ("core/test_aws.py::test_what_a_file_of_keys_holds_is_in_no_error",),
        ),
    ],
    "What is said": [
        Threat(
            "the conversation in logs and errors",
            "neither the question nor the answer is, unless `log_content` is set; errors of JSON tell the place alone",
            (
                "test_security.py::test_the_conversation_is_not_in_errors_and_logs",
                "client/test_logging.py::test_content_only_where_it_is_asked_for",
                "test_json.py::test_errors_name_the_place_and_not_the_text",
            ),
        ),
        Threat(
            "the conversation stays in memory with an error that was caught",
            "what failed is gone with its error: no response, stream or body waits for the garbage collector",
            (
                "test_security.py::test_what_failed_is_gone_with_its_error",
                "client/test_stream.py::test_an_error_that_was_caught_keeps_nothing_alive",
                "core/test_exchange.py::test_a_long_error_is_kept_in_part",
            ),
        ),
        Threat(
            "a model commands the terminal that shows its words",
            "the command line shows control characters and marks of direction in a visible form, wherever they are cut",
            (
                "cli/test_terminal.py::test_wherever_it_is_cut_nothing_is_obeyed",
                "cli/test_terminal.py::test_thoughts_are_no_way_in",
                "cli/test_terminal.py::test_errors_and_names_are_no_way_in",
                "cli/test_process.py::test_no_hostile_sequence_reaches_the_terminal",
            ),
        ),
    ],
    "What strings can do": [
        Threat(
            "a line end, NUL or a letter that becomes one, in a key, header, address, option or region",
            "refused before anything is sent",
            (
                "test_security.py::test_no_setting_becomes_another_header",
                "test_security.py::test_no_string_of_a_caller_s_becomes_another_header",
                "test_config.py::test_what_is_refused",
                "core/test_endpoint.py::test_an_option_that_cannot_be_a_header",
            ),
        ),
        Threat(
            "a model's name that leads to another path",
            "it is one segment, whatever is in it",
            (
                "test_security.py::test_a_model_s_name_leads_nowhere_else",
                "test_security.py::test_whatever_a_model_s_name_is_it_is_one_segment_of_the_path",
            ),
        ),
        Threat(
            "an address in a message that leads into the network here",
            "nothing is fetched for a message: addresses go to the provider as they are. `client.fetch` takes HTTPS in "
            "the open internet only, connects to an address that was checked, and looks at each redirect likewise; "
            "anything else is a `FetchError`",
            (
                "client/test_fetch.py::test_no_spelling_leads_inside",
                "client/test_fetch.py::test_the_name_is_asked_once_and_not_again",
                "client/test_fetch.py::test_and_not_where_they_may_not",
                "core/test_fetching.py::test_not_public",
                "test_security.py::test_nothing_is_fetched_for_a_message",
                "test_layers.py::test_only_what_waits_knows_http",
            ),
        ),
        Threat(
            "text that takes an expression very long",
            "each regular expression on what comes from the network takes time that grows with its length",
            ("test_regexes.py::test_the_time_grows_with_the_length", "test_regexes.py::test_every_expression_is_known"),
        ),
        Threat(
            "JSON that is very deep, or has huge numbers",
            "an error of the answer, never one of Python's own",
            (
                "test_json.py::test_what_is_too_deep_or_endless",
                "test_json.py::test_a_number_too_long_for_python",
                "test_serde.py::test_nested_too_deeply",
            ),
        ),
    ],
    "The way there": [
        Threat(
            "proxies, roots and `.netrc` of the environment",
            "proxies and roots count unless `trust_env` is false, and so does `SSLKEYLOGFILE`; `.netrc` is never read",
            (
                "client/test_proxies.py::test_trust_env",
                "client/test_proxies.py::test_roots_of_the_environment",
                "core/test_network.py::test_secrets_are_written_where_the_environment_says",
                "client/test_proxies.py::test_netrc_is_never_read",
            ),
        ),
        Threat(
            "a certificate that is not the server's",
            "refused, and the error says why; TLS is 1.2 at least, and there is no switch to leave it out",
            ("faults/test_rows.py::test_row", "core/test_network.py::test_one_context_for_all"),
        ),
        Threat(
            "few bytes that unpack to very many, once or again and again",
            "they are unpacked 64 KiB at a time, once, and never beyond the limits",
            (
                "faults/test_rows.py::test_row",
                "frames/test_inflate.py::test_what_is_unpacked_at_once_is_bounded",
                "frames/test_inflate.py::test_an_encoding_that_was_not_asked_for[gzip, gzip]",
                "core/test_exchange.py::test_max_bytes_counts_what_was_inflated",
            ),
        ),
    ],
    "Files": [
        Threat(
            "a device, pipe or folder in place of a file, also behind a link; a string that is taken for a path",
            "only regular files are read, and only by `from_path`; links are followed",
            ("test_media.py::test_what_is_no_regular_file", "test_media.py::test_no_string_is_taken_for_a_path"),
        ),
        Threat(
            "a file's name that tells, or commands",
            "the provider is told its last part only, cleaned",
            ("test_media.py::test_only_the_base_name_is_told", "test_media.py::test_the_name_is_cleaned"),
        ),
        Threat(
            "a file of any size",
            "more than `max_bytes` are not read",
            ("test_media.py::test_a_file_that_is_too_large_is_not_read",),
        ),
        Threat(
            "an image that is something else",
            "its bytes, its type and its name have to agree",
            (
                "test_media.py::test_an_image_that_is_not_what_it_is_said_to_be",
                "test_media.py::test_an_image_that_is_not_what_its_name_says",
                "test_media.py::test_what_is_of_two_kinds_is_of_the_first",
            ),
        ),
    ],
    "This package": [
        Threat(
            "data that runs: `pickle`, `marshal`, `eval`, YAML's tags, archives",
            "none is used, in the package or its compiler, but for the archive that the embedded model comes in",
            ("test_layers.py::test_nothing_runs_what_it_reads",),
        ),
        Threat(
            "a schema that breaks out into the code made from it",
            "names are checked, strings are written as literals, and anchors, large and other files are refused",
            (
                "codegen/test_emit.py::test_hostile_strings_everywhere",
                "codegen/test_emit.py::test_a_stem_that_would_break_out_of_the_banner",
                "codegen/test_load.py::test_refused_with_its_line",
                "codegen/test_load.py::test_a_file_too_large",
            ),
        ),
        Threat(
            "another file in place of the embedded model",
            "it is held to a hash before it is used",
            (
                "local/test_download.py::test_another_file_in_its_place_is_refused",
                "local/test_download.py::test_another_gguf_in_the_wheel_is_refused",
            ),
        ),
        Threat(
            "what comes along when it is installed",
            "three dependencies, pinned by hash for the tests; no code runs, and two builds are the same",
            (
                "test_wheel.py::test_it_needs_little",
                "test_wheel.py::test_what_it_is_tested_with_is_pinned_by_hash",
                "test_wheel.py::test_what_is_in_it",
                "test_wheel.py::test_nothing_runs_while_it_is_installed",
                "test_wheel.py::test_two_builds_are_the_same",
            ),
        ),
    ],
}
