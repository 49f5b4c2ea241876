"""Fields that the API's objects have and that stay empty here.

From facebook-business 26.0.3, which Meta generates, read 2026-11-24.
"""

from __future__ import annotations


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PAGE_FIELDS = _names(
    "about access_token ad_campaign affiliation app_id artists_we_like attire "
    "available_promo_offer_ids awards band_interests band_members best_page bio birthday "
    "booking_agent breaking_news_usage built business can_checkin can_post category category_list "
    "checkins company_overview connected_instagram_account connected_page_backed_instagram_account "
    "contact_address copyright_attribution_insights copyright_whitelisted_ig_partners "
    "country_page_likes cover culinary_team current_location delivery_and_pickup_option_info "
    "description description_html differently_open_offerings directed_by display_subtext "
    "displayed_message_response_time does_viewer_have_page_permission_link_ig emails engagement "
    "fan_count featured_video features followers_count food_styles founded general_info "
    "general_manager genre global_brand_page_name global_brand_root_id has_added_app has_lead_access "
    "has_transitioned_to_new_page_experience has_whatsapp_business_number has_whatsapp_number "
    "hometown hours id impressum influences instagram_business_account is_always_open "
    "is_calling_eligible is_chain is_community_page is_eligible_for_branded_content "
    "is_eligible_for_disable_connect_ig_btn_for_non_page_admin_am_web "
    "is_messenger_bot_get_started_enabled is_messenger_platform_bot is_owned is_permanently_closed "
    "is_published is_unclaimed is_verified is_webhooks_subscribed keywords "
    "leadgen_tos_acceptance_time leadgen_tos_accepted leadgen_tos_accepting_user link location "
    "members merchant_id merchant_review_status messaging_feature_status "
    "messenger_ads_default_icebreakers messenger_ads_default_quick_replies "
    "messenger_ads_quick_replies_type mini_shop_storefront mission mpg name "
    "name_with_location_descriptor network new_like_count offer_eligible overall_star_rating "
    "owner_business page_backed_threads_account_id page_token parent_page parking payment_options "
    "personal_info personal_interests pharma_safety_info phone pickup_options place_type plot_outline "
    "preferred_audience press_contact price_range priority_hours privacy_info_url produced_by "
    "products promotion_eligible promotion_ineligible_reason public_transit rating_count recipient "
    "record_label release_date restaurant_services restaurant_specialties schedule screenplay_by "
    "season single_line_address starring start_info store_code store_location_descriptor store_number "
    "studio supports_donate_button_in_live_video talking_about_count temporary_status "
    "unread_message_count unread_notif_count unseen_message_count user_access_expire_time username "
    "verification_status voip_info website were_here_count whatsapp_number written_by "
)
POST_FIELDS = _names(
    "actions admin_creator allowed_advertising_objectives application backdated_time call_to_action "
    "can_reply_privately child_attachments comments_mirroring_domain coordinates created_time event "
    "expanded_height expanded_width feed_targeting from full_picture height icon id "
    "instagram_eligibility is_app_share is_eligible_for_dark_post is_eligible_for_promotion "
    "is_expired is_fb_live_videos is_hidden is_inline_created is_instagram_eligible is_live_clip "
    "is_popular is_published is_spherical message message_tags multi_share_end_card "
    "multi_share_optimized parent_id permalink_url picture place privacy promotable_id "
    "promotion_status properties scheduled_publish_time shares status_type story story_tags "
    "subscribed target targeting timeline_visibility updated_time via video_buying_eligibility "
    "was_fb_live_videos width "
)
PHOTO_FIELDS = _names(
    "album alt_text alt_text_custom backdated_time backdated_time_granularity can_backdate can_delete "
    "can_tag created_time event from height icon id images link name name_tags page_story_id picture "
    "place position source target updated_time webp_images width "
)
VIDEO_FIELDS = _names(
    "ad_breaks ad_placements_validation_only admin_creator application_id asked_fun_fact_prompt_id "
    "audio_isrc audio_story_wave_animation_handle backdated_time backdated_time_granularity "
    "boost_eligibility_info chunk_session_id composer_entry_picker composer_entry_point "
    "composer_entry_time composer_session_events_log composer_session_id composer_source_surface "
    "composer_type container_type content_category content_tags copyright copyright_check_information "
    "copyright_monitoring_status created_time creative_folder_id creative_tools custom_labels "
    "description edit_description_spec embed_html embeddable end_offset event expiration "
    "fbuploader_video_file_chunk file_size file_url filename filepath fisheye_video_cropped format "
    "formatting fov from front_z_rotation fun_fact_prompt_id fun_fact_toastee_id guide guide_enabled "
    "icon id initial_heading initial_pitch instant_game_entry_point_data is_ai_generated "
    "is_boost_intended is_crosspost_video is_crossposting_eligible is_episode is_group_linking_post "
    "is_instagram_eligible is_partnership_ad is_reference_only is_voice_clip length "
    "live_audience_count live_status location_source_id music_video_copyright name og_action_type_id "
    "og_icon_id og_object_id og_phrase og_suggestion_mechanism original_fov original_projection_type "
    "partnership_ad_ad_code permalink_url picture place post_id post_views "
    "premiere_living_room_status privacy publish_event_id published referenced_sticker_id "
    "replace_audio_status replace_video_id scheduled_publish_time selected_audio_spec slideshow_spec "
    "source source_instagram_media_id spherical start_offset status swap_mode text_format_metadata "
    "thumb time_since_original_post title transcode_setting_properties universal_video_id "
    "unpublished_content_type updated_time upload_phase upload_session_id upload_setting_properties "
    "validation_ad_placements video_file_chunk video_id video_id_original video_start_time_ms "
    "video_state views waterfall_id "
)
